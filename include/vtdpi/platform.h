/*
 * The configuration of a system: everything that never changes while it runs. It lies outside the
 * block of state, is shared by every copy of that block, and is never hashed.
 */
#ifndef VTDPI_PLATFORM_H
#define VTDPI_PLATFORM_H

#include "vtdpi/base.h"
#include "vtdpi/iommu.h"
#include "vtdpi/op.h"
#include "vtdpi/scenario.h"
#include "vtdpi/state.h"
#include "vtdpi/vmx.h"

#ifdef __cplusplus
extern "C" {
#endif

VTDPI_NOT_STATE_BEGIN

/** Limits of a platform. */
enum {
    VTDPI_CPUS_MAX = 64,
    VTDPI_VCPUS_MAX = 256,
    VTDPI_SOURCES_MAX = 4096,
    VTDPI_REQUESTS_MAX = 16, /**< of all remapping units together */
    VTDPI_UNITS_MAX = 8,
    VTDPI_MESSAGES_MAX = 64,
    VTDPI_LINES_MAX = 65000,
    VTDPI_PHYSICAL_WIDTH = 46, /**< bits of a physical address */
    VTDPI_NO_LINE = 0xFFFF
};

/** Lines of a vCPU's virtual-APIC page that are kept, by 64-byte block. */
typedef enum {
    VTDPI_VL_PRIORITY, /**< 080h: VTPR, VPPR, VEOI */
    VTDPI_VL_VISR_LOW, /**< 100h */
    VTDPI_VL_VISR_HIGH,
    VTDPI_VL_VIRR_LOW, /**< 200h */
    VTDPI_VL_VIRR_HIGH,
    VTDPI_VL_ICR, /**< 300h: VICR_LO, VICR_HI */
    VTDPI_VL_COUNT
} vtdpi_vapic_line_t;

/** Words of a vCPU's line of hypervisor state. */
enum {
    VTDPI_VW_MODE = 0,     /**< KVM: 1 = IN_GUEST_MODE */
    VTDPI_VW_REQUESTS = 1, /**< set of VTDPI_REQUEST_* */
    VTDPI_VW_NODE = 2,     /**< wake list node: next 15:0, previous 31:16, on list 32, CPU 63:48 */
    VTDPI_VW_BLOCKED = 3,  /**< Xen: blocked flag in the pause flags */
    VTDPI_VW_LISTLOCK = 4, /**< Xen: lock pointer: 0 NULL, else CPU + 1 */
    VTDPI_VW_BYPASS = 5,   /**< KVM: number of interrupts that may bypass the hypervisor */
    VTDPI_VW_RUNNING = 6   /**< Xen: CPU + 1 that runs it, 0: none */
};

/** Words of a CPU's line of hypervisor state. */
enum {
    VTDPI_CW_LOCK = 0,    /**< lock of the wake list */
    VTDPI_CW_LIST = 1,    /**< wake list: first 15:0, last 31:16; vCPU + 1, 0: empty */
    VTDPI_CW_SOFTIRQ = 2, /**< Xen: pending softirqs, VTDPI_SOFTIRQ_* */
    VTDPI_CW_STATUS = 3,  /**< status word of its invalidation waits */
};

/** Words of the line of the remapping unit's driver. */
enum { VTDPI_RW_LOCK = 0, VTDPI_RW_TAIL = 1 };

/** Physical vectors of the host. */
enum {
    VTDPI_HV_NMI = 2,
    VTDPI_HV_RESCHED = 0xFD,
    VTDPI_HV_TIMER = 0xEC,
    VTDPI_HV_ANV = 0xF2,
    VTDPI_HV_WNV = 0xF1,
    VTDPI_HV_KICK = 0xFB,
    VTDPI_HV_SPURIOUS = 0xFF,
    VTDPI_HV_FIRST_DEVICE = 0x22
};

/** What a line is. */
typedef enum {
    VTDPI_LINE_PID,
    VTDPI_LINE_VAPIC,
    VTDPI_LINE_VCPU,  /**< hypervisor's words of a vCPU */
    VTDPI_LINE_SOFT,  /**< software local APIC: IRR in words 0 to 3, ISR in 4 to 7 */
    VTDPI_LINE_CPU,   /**< hypervisor's words of a CPU */
    VTDPI_LINE_IRTE,  /**< four entries of the remapping table */
    VTDPI_LINE_QUEUE, /**< four invalidation descriptors */
    VTDPI_LINE_PIDS,  /**< eight entries of the PID-pointer table of a VM */
    VTDPI_LINE_DRIVER /**< words of the remapping unit's driver */
} vtdpi_line_kind_t;

/** A declared memory line. */
typedef struct {
    uint64_t paddr; /**< address, a multiple of 64 */
    uint32_t owner; /**< number of the vCPU, CPU, or first entry */
    uint8_t kind;   /**< vtdpi_line_kind_t */
    uint8_t part;   /**< VAPIC: vtdpi_vapic_line_t */
    uint8_t pad_[2];
} vtdpi_line_t;

/** Fixed facts of a vCPU. */
typedef struct {
    vtdpi_vmcs_t vmcs;              /**< as the hypervisor sets it up */
    uint16_t pid;                   /**< line of its descriptor */
    uint16_t state;                 /**< line of hypervisor words */
    uint16_t soft;                  /**< line of its software APIC */
    uint16_t vapic[VTDPI_VL_COUNT]; /**< lines of its virtual-APIC page */
    uint16_t vm;                    /**< its VM */
    uint16_t pids;        /**< first line of its VM's PID-pointer table, or VTDPI_NO_LINE */
    uint32_t thread;      /**< its thread */
    uint32_t virtual_id;  /**< virtual APIC ID */
    uint8_t timer_vector; /**< vector of its virtual APIC timer */
    uint8_t pad_[3];
    const vtdpi_vcpu_cfg_t *guest; /**< program and handlers */
} vtdpi_vcpu_fixed_t;

/** Kinds of thread. */
typedef enum { VTDPI_THREAD_IDLE, VTDPI_THREAD_VCPU, VTDPI_THREAD_VMM } vtdpi_thread_kind_t;

/** Fixed facts of a thread. */
typedef struct {
    uint8_t kind; /**< vtdpi_thread_kind_t */
    uint8_t pad_[3];
    uint32_t who;       /**< vCPU, VMM thread or CPU */
    uint32_t start_cpu; /**< where it starts */
    uint32_t pad2_;
    uint64_t affinity[4]; /**< CPUs that it may run on at the start */
    vtdpi_span_t work;    /**< VMM: work before each interrupt that it raises */
} vtdpi_thread_fixed_t;

/** Fixed facts of an interrupt source. */
typedef struct {
    uint32_t vmm_thread;     /**< emulated: thread that raises it; else VTDPI_NOBODY */
    uint32_t irte;           /**< index of its IRTE */
    uint32_t vcpu;           /**< target at the start */
    uint32_t host_cpu;       /**< CPU of its host vector */
    uint32_t budget;         /**< arrivals left, explorer; UINT32_MAX: no limit */
    uint16_t requester;      /**< requester ID */
    uint8_t vector;          /**< guest vector at the start */
    uint8_t host_vector;     /**< host vector at the start, 0: none */
    uint8_t urgent;          /**< URG */
    uint8_t attached;        /**< bound to its vCPU at the start */
    uint8_t integrated;      /**< short way to the remapping unit */
    uint8_t unit;            /**< its remapping unit */
    uint8_t subhandle_valid; /**< one of several messages of an MSI: its number is the subhandle */
    uint32_t device;         /**< device */
    uint32_t handle;         /**< handle in the device's address; irte less this is the subhandle */
} vtdpi_source_fixed_t;

struct vtdpi_protocol;

/** The platform. Arrays belong to whoever built it. */
typedef struct {
    uint32_t cpu_count, vcpu_count, thread_count, source_count, line_count, event_count;
    uint32_t request_count, store_buffer;
    uint32_t unit_count;  /**< remapping units, each with its table, cache, queue and driver */
    uint32_t irte_count;  /**< entries of each table */
    uint32_t queue_count; /**< invalidation descriptors of each unit; 0: no queue */
    uint16_t irte_line;   /**< first line of the tables, unit by unit */
    uint16_t queue_line;  /**< first line of the queues, unit by unit */
    uint16_t driver_line; /**< words of the first unit's driver, a line a unit */
    bool x2apic;
    bool ghost;   /**< identity of interrupts is kept */
    bool explore; /**< alternatives that a timed run never takes are offered */
    bool irq_follows_vcpu;
    bool guest_timers;         /**< some guest arms its APIC timer */
    bool timer_one_shot;       /**< the host uses its local APIC timers in one-shot mode */
    bool ipiv;                 /**< IPI virtualization is on */
    vtdpi_switches_t switches; /**< model switches */
    uint32_t tsc_khz;          /**< rate of the time-stamp counter */
    uint32_t pad2_;
    uint32_t variant; /**< switches of the protocol */
    uint64_t timeslice_ps;
    uint64_t halt_poll_ps;
    vtdpi_iommu_cfg_t iommu;
    const struct vtdpi_protocol *protocol;
    const vtdpi_line_t *lines; /**< sorted by address */
    const vtdpi_vcpu_fixed_t *vcpus;
    const uint16_t *cpu_lines;           /**< by CPU */
    const vtdpi_thread_fixed_t *threads; /**< idle threads first, by CPU */
    const vtdpi_source_fixed_t *sources;
    const vtdpi_event_cfg_t *events; /**< outside events */
    uint32_t host_vectors;           /**< pool a CPU */
    uint32_t timers;                 /**< deadline slots a CPU */
} vtdpi_platform_t;

/** The VMX-preemption timer counts down by 1 every 2^5 cycles of the TSC (IA32_VMX_MISC bits 4:0).
 */
enum { VTDPI_PREEMPTION_SHIFT = 5 };

#define VTDPI_PS_PER_MS UINT64_C(1000000000)

/** Cycles of the time-stamp counter in [ps], rounded down, and the other way. */
static inline uint64_t vtdpi_tsc_cycles(const vtdpi_platform_t *p, uint64_t ps)
{
    uint64_t khz = p->tsc_khz;
    return ((ps / VTDPI_PS_PER_MS) * khz) + (((ps % VTDPI_PS_PER_MS) * khz) / VTDPI_PS_PER_MS);
}

static inline uint64_t vtdpi_tsc_ps(const vtdpi_platform_t *p, uint64_t cycles)
{
    uint64_t khz = p->tsc_khz;
    return ((cycles / khz) * VTDPI_PS_PER_MS) + (((cycles % khz) * VTDPI_PS_PER_MS) / khz);
}

/** Lines of each remapping table, of each queue. */
static inline uint32_t vtdpi_irte_lines(const vtdpi_platform_t *p)
{
    return (p->irte_count + 3) / 4;
}

static inline uint32_t vtdpi_queue_lines(const vtdpi_platform_t *p)
{
    return (p->queue_count + 3) / 4;
}

/** Address of the remapping table of [unit]: its lines follow those of the unit before. */
static inline uint64_t vtdpi_irta(const vtdpi_platform_t *p, uint32_t unit)
{
    return p->lines[p->irte_line + (unit * vtdpi_irte_lines(p))].paddr;
}

VTDPI_NOT_STATE_END

#ifdef __cplusplus
}
#endif

#endif

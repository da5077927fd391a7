/*
 * A scenario: everything that a run is made of, as plain data.
 *
 * A caller either fills these structures itself (see docs/examples/) or reads them from a YAML
 * file. Arrays belong to whoever made the scenario; a scenario read from a file is freed with
 * vtdpi_scenario_free. Times are picoseconds. vtdpi_scenario_default() gives the value that each
 * key has when a file does not mention it.
 */
#ifndef VTDPI_SCENARIO_H
#define VTDPI_SCENARIO_H

#include "vtdpi/base.h"
#include "vtdpi/switches.h"

#ifdef __cplusplus
extern "C" {
#endif

VTDPI_NOT_STATE_BEGIN

/** A length of simulated time: either picoseconds or cycles of the core clock. Exactly one is
 * non-zero, or both are 0. */
typedef struct {
    uint64_t ps;  /**< picoseconds */
    uint64_t cyc; /**< cycles of the core domain */
} vtdpi_span_t;

/** Kinds of step of a guest program. */
typedef enum {
    VTDPI_STEP_COMPUTE,   /**< span: time or cycles of guest code without exits */
    VTDPI_STEP_HLT,       /**< HLT */
    VTDPI_STEP_CLI,       /**< RFLAGS.IF := 0 */
    VTDPI_STEP_STI,       /**< RFLAGS.IF := 1 (blocking by STI for one boundary) */
    VTDPI_STEP_WRITE_TPR, /**< value: TPR 7:0 */
    VTDPI_STEP_SEND_IPI,  /**< value: vector; target: index of the vCPU */
    VTDPI_STEP_SELF_IPI,  /**< value: vector */
    VTDPI_STEP_ARM_TIMER, /**< span.ps: its APIC timer expires so long from now */
    VTDPI_STEP_VMCALL,    /**< VMCALL */
    VTDPI_STEP_WRITE_MSI, /**< target: index of the interrupt; value: new vector; vcpu: new vCPU */
    VTDPI_STEP_REPEAT, /**< times: how often; body: number of the following steps that are its body
                          (flattened) */
    VTDPI_STEP_COUNT
} vtdpi_step_kind_t;

/** One step of a guest program. The program starts again after its last step. */
typedef struct {
    vtdpi_step_kind_t kind; /**< what to do */
    vtdpi_span_t span;      /**< COMPUTE; ARM_TIMER: ps alone */
    uint32_t value;         /**< vector or TPR */
    uint32_t target;        /**< vCPU or interrupt, as an index into the scenario's arrays */
    uint32_t vcpu;          /**< WRITE_MSI: index of the new destination vCPU */
    uint32_t times;         /**< REPEAT: 1 and up */
    uint32_t body;          /**< REPEAT: steps in the body, nested ones included */
} vtdpi_step_t;

/** What a guest does for a vector: the body of its handler, between entry stub and EOI. */
typedef struct {
    uint8_t vector;      /**< 16 to 255 */
    vtdpi_span_t length; /**< body of the handler */
} vtdpi_handler_t;

/** Vector of an APIC timer whose vCPU names none: Linux's. */
enum { VTDPI_GUEST_TIMER_VECTOR = 0xEC };

/** A virtual CPU. */
typedef struct {
    uint32_t vm;                     /**< index of its VM */
    uint32_t number;                 /**< number within its VM: its virtual APIC ID */
    uint64_t affinity[4];            /**< set of host CPUs that it may run on; empty: all */
    uint32_t start_cpu;              /**< host CPU where its thread starts */
    const vtdpi_step_t *program;     /**< its program */
    uint32_t program_count;          /**< steps, 1 and up */
    const vtdpi_handler_t *handlers; /**< handlers that differ from the default */
    uint32_t handler_count;          /**< how many */
    vtdpi_span_t handler;            /**< length of every other handler */
    uint8_t timer_vector;            /**< vector of its APIC timer, 16 to 255; 0: 0xec */
    bool timer_one_shot;             /**< its APIC timer is one-shot, not TSC deadline */
} vtdpi_vcpu_cfg_t;

/** A virtual machine. */
typedef struct {
    const char *name;    /**< unique, [a-z0-9_-]+ */
    uint32_t vcpu_count; /**< vCPUs that name it */
} vtdpi_vm_cfg_t;

/** How interrupts of a source arrive. */
typedef enum {
    VTDPI_ARRIVE_NONE,     /**< never by itself */
    VTDPI_ARRIVE_PERIODIC, /**< every period, from offset */
    VTDPI_ARRIVE_POISSON,  /**< exponential gaps with mean period */
    VTDPI_ARRIVE_BURST,    /**< size arrivals, gap apart, every period, from offset */
    VTDPI_ARRIVE_LIST,     /**< at the given times */
} vtdpi_arrive_kind_t;

/** An arrival process. */
typedef struct {
    vtdpi_arrive_kind_t kind; /**< which process */
    uint64_t period_ps;       /**< period, or mean gap of POISSON (1 / rate) */
    uint64_t offset_ps;       /**< first arrival not before */
    uint64_t gap_ps;          /**< BURST: between arrivals of a burst */
    uint32_t size;            /**< BURST: arrivals a burst */
    uint64_t count;           /**< at most so many arrivals; 0: no limit but the duration */
    const uint64_t *times_ps; /**< LIST (also a trace file): ascending times, offset is added */
    uint64_t times_count;     /**< how many */
    const char *trace_file;   /**< name of the file that times_ps was read from, or NULL */
} vtdpi_arrivals_t;

/** One interrupt (one MSI or MSI-X vector of a device, or one emulated interrupt of a VMM thread).
 */
typedef struct {
    uint32_t device;           /**< index of its device, or of its VMM thread if emulated */
    bool emulated;             /**< raised by a VMM thread through the hypervisor */
    uint8_t vector;            /**< guest vector, 16 to 255 */
    bool urgent;               /**< URG in the posted IRTE */
    bool attached;             /**< bound to its vCPU from the start */
    uint32_t vcpu;             /**< index of the target vCPU */
    uint32_t host_cpu;         /**< CPU that its host vector is on, where the protocol has one */
    vtdpi_arrivals_t arrivals; /**< when it fires */
} vtdpi_interrupt_cfg_t;

/** A PCI function. */
typedef struct {
    const char *name;      /**< unique */
    uint16_t requester_id; /**< bus 15:8, device 7:3, function 2:0 */
    bool msix;       /**< MSI-X (an entry an interrupt) or multi-message MSI (a run of IRTEs) */
    bool integrated; /**< inside the root complex (shorter way) */
    uint32_t unit;   /**< remapping unit that its requests go to */
} vtdpi_device_cfg_t;

/** A thread of an emulating process (the talk's QEMU). */
typedef struct {
    const char *name;     /**< unique */
    uint64_t affinity[4]; /**< set of host CPUs that it may run on */
    uint32_t start_cpu;   /**< where it starts */
    vtdpi_span_t work;    /**< emulation work before each interrupt that it raises */
} vtdpi_vmm_cfg_t;

/** Kinds of event that somebody outside the guest causes. */
typedef enum {
    VTDPI_EVENT_MIGRATE,   /**< vcpu moves to CPU cpu (UINT32_MAX: the next CPU of its affinity) */
    VTDPI_EVENT_PREEMPT,   /**< the CPU of vcpu reschedules now */
    VTDPI_EVENT_WRITE_MSI, /**< the guest's MSI address and data change: interrupt, vcpu, vector */
    VTDPI_EVENT_ATTACH,    /**< interrupt is bound to its vCPU */
    VTDPI_EVENT_DETACH,    /**< interrupt goes back to the host */
    VTDPI_EVENT_WAKE,      /**< vcpu is woken for no reason */
    VTDPI_EVENT_NMI,       /**< CPU cpu gets an NMI */
    VTDPI_EVENT_COUNT
} vtdpi_event_kind_t;

/** One such event, perhaps repeated. */
typedef struct {
    vtdpi_event_kind_t kind; /**< what happens */
    uint64_t at_ps;          /**< first time */
    uint64_t every_ps;       /**< distance of repetitions */
    uint32_t times;          /**< how often, 1 and up */
    uint32_t vcpu;           /**< index of the vCPU */
    uint32_t interrupt;      /**< index of the interrupt */
    uint32_t cpu;            /**< MIGRATE: destination; NMI: CPU */
    uint8_t vector;          /**< WRITE_MSI: new vector */
} vtdpi_event_cfg_t;

/** The hardware. */
typedef struct {
    uint32_t cpus;             /**< logical CPUs, 1 to 64 */
    bool x2apic;               /**< local APICs, EIME and virtual APICs in x2APIC mode */
    uint32_t store_buffer;     /**< entries of a CPU's store buffer, 1 to 8 */
    bool timer_one_shot;       /**< the host's APIC timers are one-shot, not TSC deadline */
    bool iommu_posting;        /**< CAP.PI */
    bool no_remapping;         /**< ECAP.IR is 0 */
    uint32_t fault_records;    /**< fault recording registers of a unit, 1 to 8; 0: 1 */
    uint32_t iommu_units;      /**< remapping units, 1 to 8; 0: 1 */
    uint32_t iommu_cache;      /**< entries of the interrupt entry cache, 0 to 256 */
    uint32_t iommu_requests;   /**< remapping requests in flight, 1 to 16 */
    bool coherent;             /**< ECAP.C: reads of the table are snooped */
    vtdpi_switches_t switches; /**< model switches */
} vtdpi_platform_cfg_t;

/** The host software. */
typedef struct {
    const char *protocol; /**< row of hypervisor.def */
    uint32_t variant;     /**< set of switches of that protocol, a bit each, in its table's order */
    uint64_t timeslice_ps;   /**< scheduler tick while more than one thread can run */
    bool ipi_virtualization; /**< IPIs of guests are posted by their CPU */
    bool irq_follows_vcpu;   /**< host interrupts move with their vCPU (remapped designs) */
    uint32_t host_vectors;   /**< vectors that the host can hand out for each CPU */
    uint64_t halt_poll_ps;   /**< busy wait in the block path before sleeping */
} vtdpi_hypervisor_cfg_t;

/** One line of expect: a comparison of a statistic, of a count of log events, or an error by name.
 */
typedef enum {
    VTDPI_CMP_EQ,
    VTDPI_CMP_NE,
    VTDPI_CMP_LT,
    VTDPI_CMP_LE,
    VTDPI_CMP_GT,
    VTDPI_CMP_GE,
    VTDPI_CMP_ERROR, /**< name is the error that must occur */
} vtdpi_cmp_t;

typedef struct {
    const char *name; /**< statistic, "events.<event>", or the error's name */
    vtdpi_cmp_t cmp;  /**< comparison */
    double value;     /**< right-hand side, in the statistic's unit */
    uint32_t line;    /**< line of the file, 0 if none */
} vtdpi_expect_t;

/** Bounds of the exploration (used by the checker; a run only validates them). */
typedef struct {
    uint32_t posts, preemptions, migrations, blocks, attaches, detaches, offlines;
} vtdpi_bounds_t;

/** Everything. Names of references have been resolved to indices. */
typedef struct {
    const char *name;   /**< one line */
    const char *file;   /**< file that it came from, or NULL */
    const char *timing; /**< name of the timing profile that it starts from */
    const struct vtdpi_profile
        *profile;            /**< the profile with overrides applied; NULL: built-in [timing] */
    uint64_t seed;           /**< of every random choice */
    uint64_t duration_ps;    /**< arrivals stop then */
    uint64_t drain_limit_ps; /**< the drain after that is cut off after so long */
    vtdpi_platform_cfg_t platform;     /**< hardware */
    vtdpi_hypervisor_cfg_t hypervisor; /**< host software */
    const vtdpi_vm_cfg_t *vms;         /**< virtual machines */
    const vtdpi_vcpu_cfg_t *vcpus;     /**< all vCPUs, in order of VM and number */
    const vtdpi_device_cfg_t *devices; /**< PCI functions */
    const vtdpi_vmm_cfg_t *vmms;       /**< VMM threads */
    const vtdpi_interrupt_cfg_t
        *interrupts;                 /**< all interrupts, in order of device then VMM thread */
    const vtdpi_event_cfg_t *events; /**< outside events */
    const vtdpi_expect_t *expects;   /**< expectations */
    uint32_t vm_count, vcpu_count, device_count, vmm_count, interrupt_count, event_count,
        expect_count;
    vtdpi_bounds_t check; /**< bounds of check: */
    uint32_t asserts; /**< set of monitors that assert: names, a bit each in monitor.def's order */
} vtdpi_scenario_t;

VTDPI_NOT_STATE_END

#ifdef __cplusplus
}
#endif

#endif

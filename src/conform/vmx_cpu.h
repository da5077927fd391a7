/*
 * A logical processor in VMX operation, put together from the rules of the models, one instruction
 * or one instruction boundary at a time.
 *
 * The page, the descriptor and the VMCS are plain members: nobody else touches them between two
 * steps.
 */
#ifndef VTDPI_SRC_CONFORM_VMX_CPU_H
#define VTDPI_SRC_CONFORM_VMX_CPU_H

#include "vtdpi/boundary.h"
#include "vtdpi/lapic.h"
#include "vtdpi/pid.h"
#include "vtdpi/vapic.h"
#include "vtdpi/vmx.h"

/** What a step made visible. */
typedef enum {
    VMX_CPU_ASLEEP,    /**< the halt goes on */
    VMX_CPU_PROCESSED, /**< posted-interrupt processing */
    VMX_CPU_DELIVERED, /**< a virtual interrupt went through the guest's IDT */
    VMX_CPU_EXITED,    /**< VM exit */
    VMX_CPU_REFUSED,   /**< VM entry failed: VMfailValid */
    VMX_CPU_NOTIFIED,  /**< a post sent a notification */
} vmx_cpu_event_kind_t;

/** One of them. */
typedef struct {
    vmx_cpu_event_kind_t kind; /**< which */
    uint32_t intr_info;        /**< of an exit: interruption information */
    uint64_t qualification;    /**< of an exit */
    uint32_t number; /**< DELIVERED: vector; EXITED: reason; REFUSED: VM-instruction error */
} vmx_cpu_event_t;

/** How many a step can make. */
enum { VMX_CPU_EVENTS = 4 };

/** The processor. */
typedef struct {
    vtdpi_vmcs_t vmcs;                 /**< current VMCS */
    vtdpi_lapic_t lapic;               /**< physical local APIC */
    uint64_t pid[VTDPI_LINE_WORDS];    /**< posted-interrupt descriptor */
    uint64_t virr[VTDPI_VECTOR_WORDS]; /**< virtual-APIC page: VIRR */
    uint64_t visr[VTDPI_VECTOR_WORDS]; /**< VISR */
    vtdpi_ctls_t set;                  /**< controls in force */
    uint32_t interruptibility;         /**< VTDPI_BLOCK_* of the guest */
    vtdpi_activity_t activity;         /**< of the guest */
    vtdpi_vapic_t vapic;               /**< RVI, SVI, recognition */
    uint8_t vtpr;                      /**< VTPR, low byte */
    uint8_t vppr;                      /**< VPPR, low byte */
    bool guest;                        /**< non-root operation */
    bool guest_if;                     /**< RFLAGS.IF of the guest */
    bool hold_external; /**< blocking by STI and MOV SS holds external interrupts that exit */
    vmx_cpu_event_t events[VMX_CPU_EVENTS]; /**< of the last step */
    unsigned event_count;                   /**< [event_count] of them */
} vmx_cpu_t;

/** Root operation; an APIC with TPR 0 and software enable; addresses that VM entry takes; controls
 * that every recorded sequence has: external-interrupt exiting, acknowledge interrupt on exit, use
 * TPR shadow. */
void vmx_cpu_init(vmx_cpu_t *cpu);

/** A step begins: no events. */
void vmx_cpu_begin(vmx_cpu_t *cpu);

/** VMLAUNCH or VMRESUME. */
void vmx_cpu_enter(vmx_cpu_t *cpu);

/** Non-root operation with the controls and the guest state of the VMCS, without what an entry
 * does; [recognised] as given. */
void vmx_cpu_resume(vmx_cpu_t *cpu, bool recognised);

/** One instruction boundary: the most urgent event, then a NOP unless the event went elsewhere. */
void vmx_cpu_boundary(vmx_cpu_t *cpu);

/** MOV to CR8 of [value]. */
void vmx_cpu_cr8(vmx_cpu_t *cpu, uint64_t value);

/** WRMSR of [value] to [msr]. */
void vmx_cpu_wrmsr(vmx_cpu_t *cpu, uint32_t msr, uint64_t value);

/** A 32-bit MOV of [value] to [offset] of the APIC-access page. */
void vmx_cpu_store(vmx_cpu_t *cpu, uint16_t offset, uint32_t value);

/** CLI, STI and MOV SS. */
void vmx_cpu_cli(vmx_cpu_t *cpu);
void vmx_cpu_sti(vmx_cpu_t *cpu);
void vmx_cpu_mov_ss(vmx_cpu_t *cpu);

/** Another agent posts [vectors]: all requests, then the notification if one is due. */
void vmx_cpu_post(vmx_cpu_t *cpu, const uint64_t vectors[VTDPI_VECTOR_WORDS]);

/** A fixed, edge-triggered interrupt reaches the local APIC. */
void vmx_cpu_interrupt(vmx_cpu_t *cpu, uint8_t vector);

/** Host software ends all that is in service. */
void vmx_cpu_host_eoi(vmx_cpu_t *cpu);

#endif

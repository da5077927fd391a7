/*
 * VMX as far as interrupts need it: the VMCS, the checks of VM entry, what happens next at an
 * instruction boundary in non-root operation, and what a VM exit records.
 *
 * Reads / Writes: nothing; rules on a VMCS and on facts that the caller collects.
 * Timing: none.
 * Not modelled: checks on registers and on the host; enclaves; system-management mode's own
 * monitor; what a processor's capability registers disallow. Spec: SDM 3C, "Virtual Machine Control
 * Structures", "VM Entries", "VMX Non-Root Operation", "VM Exits".
 */
#ifndef VTDPI_VMX_H
#define VTDPI_VMX_H

#include "vtdpi/base.h"
#include "vtdpi/controls.h"
#include "vtdpi/layout.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Basic exit reasons. */
typedef enum {

#define VTDPI_VMEXIT(number, NAME, name, kind, doc) VTDPI_EXIT_##NAME = (number),
#include "vtdpi/vmexit.def"
#undef VTDPI_VMEXIT
} vtdpi_exit_t;

/** Where RIP points after an exit, and whether it was one. */
typedef enum {
    VTDPI_EXIT_KIND_NONE,  /**< no such reason */
    VTDPI_EXIT_KIND_FAULT, /**< at the instruction */
    VTDPI_EXIT_KIND_TRAP,  /**< at the next instruction */
    VTDPI_EXIT_KIND_EVENT, /**< at the instruction not yet executed */
    VTDPI_EXIT_KIND_ENTRY, /**< VM entry failed */
} vtdpi_exit_kind_t;

/** Interruption types. */
typedef enum {
    VTDPI_INTR_EXTERNAL = 0,
    VTDPI_INTR_NMI = 2,
    VTDPI_INTR_EXCEPTION = 3,
    VTDPI_INTR_SOFT_INT = 4,
    VTDPI_INTR_PRIV_EXCEPTION = 5,
    VTDPI_INTR_SOFT_EXCEPTION = 6,
    VTDPI_INTR_OTHER = 7,
} vtdpi_intr_type_t;

/** Checks of VM entry, in their order; NONE: all hold. */
typedef enum {
    VTDPI_CHECK_NONE,

#define VTDPI_ENTRY_CHECK(NAME, stage, doc) VTDPI_CHECK_##NAME,
#include "vtdpi/layout/vmcs.def"
#undef VTDPI_ENTRY_CHECK
    VTDPI_CHECKS
} vtdpi_check_t;

/** A VMCS. */
typedef struct {
    uint64_t controls[VTDPI_VMCS_CONTROL_WORDS]; /**< by vtdpi_vmcs_word_t */
    uint64_t virtual_apic_addr;                  /**< virtual-APIC address */
    uint64_t apic_access_addr;                   /**< APIC-access address */
    uint64_t pid_addr;                           /**< posted-interrupt descriptor address */
    uint64_t pid_table_addr;                     /**< PID-pointer table address */
    uint64_t eoi_exit[VTDPI_VECTOR_WORDS];       /**< EOI-exit bitmap */
    uint64_t exit_qualification;                 /**< exit qualification */
    uint64_t rflags;                             /**< guest RFLAGS */
    uint32_t entry_intr_info;                    /**< VM-entry interruption information */
    uint32_t entry_error_code;                   /**< VM-entry exception error code */
    uint32_t entry_length;                       /**< VM-entry instruction length */
    uint32_t tpr_threshold;                      /**< TPR threshold */
    uint32_t exit_reason;                        /**< exit reason */
    uint32_t exit_intr_info;                     /**< VM-exit interruption information */
    uint32_t exit_error_code;                    /**< VM-exit interruption error code */
    uint32_t idt_vectoring_info;                 /**< IDT-vectoring information */
    uint32_t idt_vectoring_error;                /**< IDT-vectoring error code */
    uint32_t exit_length;                        /**< VM-exit instruction length */
    uint32_t interruptibility;                   /**< VTDPI_BLOCK_* */
    uint32_t activity;                           /**< vtdpi_activity_t */
    uint32_t ss_access_rights;                   /**< guest SS access rights; DPL in 6:5 */
    uint32_t preemption_value;                   /**< VMX-preemption timer value */
    uint32_t instruction_error;                  /**< VM-instruction error */
    uint16_t pinv;                               /**< posted-interrupt notification vector */
    uint16_t last_pid_index;                     /**< last PID-pointer index */
    uint16_t virtual_timer_vector;               /**< virtual timer vector */
    uint16_t intr_status;                        /**< guest interrupt status: RVI, SVI */
    uint16_t guest_uinv;                         /**< guest UINV */
    uint8_t pad_[2];                             /**< 0 */
} vtdpi_vmcs_t;

VTDPI_STATIC_ASSERT(sizeof(vtdpi_vmcs_t) == 200, "a VMCS has no hidden bytes");

/** What an exit records beside its reason. */
typedef struct {
    uint64_t qualification;    /**< exit qualification */
    uint32_t intr_info;        /**< interruption information, 0 if none */
    uint32_t intr_error_code;  /**< its error code */
    uint32_t idt_info;         /**< IDT-vectoring information, 0 if none */
    uint32_t idt_error_code;   /**< its error code */
    uint32_t length;           /**< instruction length */
    uint32_t preemption_value; /**< VMX-preemption timer at the exit, 0 if that is the cause */
    uint8_t rvi;               /**< RVI at the exit */
    uint8_t svi;               /**< SVI at the exit */
    uint8_t pad_[6];           /**< 0 */
} vtdpi_exit_info_t;

/** What the qualification of an EPT violation tells, each 0 or 1. */
typedef struct {
    uint8_t access;         /**< 1 read, 2 write, 4 fetch, or several */
    uint8_t allowed;        /**< what the entries allow, the same bits */
    uint8_t linear_valid;   /**< the guest-linear address is valid */
    uint8_t translated;     /**< the access is to a linear address's translation */
    uint8_t nmi_unblocking; /**< NMI unblocking due to IRET */
} vtdpi_ept_violation_t;

/** VM-instruction errors. */
enum { VTDPI_VMFAIL_ENTRY_CONTROLS = 7 };

/** Bytes of an MSR bitmap. */
enum { VTDPI_MSR_BITMAP_BYTES = 4096 };

/** Name of exit [reason] as Linux prints it, or NULL. *Spec:* SDM 3D, "VMX Basic Exit Reasons". */
VTDPI_API const char *vtdpi_exit_name(unsigned reason);

/** The same in lower case, or NULL. */
VTDPI_API const char *vtdpi_exit_name_lower(unsigned reason);

/** Kind of exit [reason]. *Spec:* SDM 3C, "VM Exits". */
VTDPI_API vtdpi_exit_kind_t vtdpi_exit_kind(unsigned reason);

/** Full SDM name of [ctl] and the title of its section, "; " between them. */
VTDPI_API const char *vtdpi_ctl_doc(vtdpi_ctl_t ctl);

/** What must hold for [check] and the title of its section, "; " between them. */
VTDPI_API const char *vtdpi_check_doc(vtdpi_check_t check);

/** The controls in force: secondary ones are 0 unless activated, tertiary ones likewise. *Spec:*
 * SDM 3C, "Processor-Based VM-Execution Controls". */
VTDPI_API vtdpi_ctls_t vtdpi_vmcs_controls(const vtdpi_vmcs_t *vmcs);

/** Switches [ctl] on or off in its word, together with whatever activates that word if on. */
VTDPI_API void vtdpi_vmcs_set_control(vtdpi_vmcs_t *vmcs, vtdpi_ctl_t ctl, bool on);

/** VMREAD: whether [encoding] is a field that is kept here, and its [value]. Odd encodings are high
 * halves. *Spec:* SDM 3D, "Field Encoding in VMCS". */
VTDPI_API bool vtdpi_vmcs_read(const vtdpi_vmcs_t *vmcs, uint32_t encoding, uint64_t *value);

/** VMWRITE: false if [encoding] is not kept here. *Spec:* SDM 3D, "Field Encoding in VMCS".
 * *Choice:* exit fields may be written too. */
VTDPI_API bool vtdpi_vmcs_write(vtdpi_vmcs_t *vmcs, uint32_t encoding, uint64_t value);

/** The first check on controls that fails; [vtpr] is read where the virtual-APIC address points.
 * *Units:* [width] in bits, 32 where IA32_VMX_BASIC[48] is 1. *Errors:* VMfailValid(7). *Spec:* SDM
 * 3C, "VM-Execution Control Fields". */
VTDPI_API vtdpi_check_t vtdpi_vmx_check_controls(const vtdpi_vmcs_t *vmcs, unsigned width,
                                                 uint8_t vtpr);

/** The first check on guest state that fails. *Errors:* exit reason 33. *Spec:* SDM 3C, "Checks on
 * Guest Non-Register State". */
VTDPI_API vtdpi_check_t vtdpi_vmx_check_guest(const vtdpi_vmcs_t *vmcs);

/** Activity after entry: an entry that injects an event (types 0 to 6) ends active. *Spec:* SDM 3C,
 * "Activity State". */
VTDPI_API vtdpi_activity_t vtdpi_vmx_entry_activity(const vtdpi_vmcs_t *vmcs);

/** Whether exit 43 is pending right after entry. *Spec:* SDM 3C, "VM Exits Induced by the TPR
 * Threshold". */
VTDPI_API bool vtdpi_vmx_entry_tpr_exit(const vtdpi_vmcs_t *vmcs, uint8_t vtpr);

/** Whether a pending MTF VM exit was injected: it happens at the first boundary. *Spec:* SDM 3C,
 * "Injection of Pending MTF VM Exits". */
VTDPI_API bool vtdpi_vmx_entry_mtf(const vtdpi_vmcs_t *vmcs);

/** VMfailValid: [error] is recorded, nothing else changes. *Spec:* SDM 3C, "VM-Instruction Error
 * Numbers". */
VTDPI_API void vtdpi_vmx_fail_valid(vtdpi_vmcs_t *vmcs, uint32_t error);

/** Whether the MSR-load and MSR-store areas may name [msr]: none of the x2APIC's. *Errors:* VM
 * entry fails with reason 34, a VM exit aborts. *Spec:* SDM 3A, "VM-Exit Controls for MSRs and
 * VM-Entry Controls for MSRs". *Choice:* 800h to 8FFh. */
VTDPI_API bool vtdpi_vmx_msr_area_ok(uint32_t msr);

/** Whether RDMSR, or WRMSR if [write], of [msr] exits, by [bitmap] if the controls use one. It goes
 * before all that APIC virtualization does. *Spec:* SDM 3C, "MSR-Bitmap Address". */
VTDPI_API bool vtdpi_vmx_msr_exits(vtdpi_ctls_t set, const uint8_t bitmap[VTDPI_MSR_BITMAP_BYTES],
                                   uint32_t msr, bool write);

/** Records an exit: reason, information, RVI and SVI if virtual-interrupt delivery is on, the
 * VMX-preemption timer if it is saved; the injection is no longer valid. *Spec:* SDM 3C, "Recording
 * VM-Exit Information and Updating VM-Entry Control Fields". */
VTDPI_API void vtdpi_vmx_exit(vtdpi_vmcs_t *vmcs, vtdpi_exit_t reason,
                              const vtdpi_exit_info_t *info);

/** Records a failed entry: bit 31 of the reason is set, nothing else of the guest changes. *Spec:*
 * SDM 3C, "VM-Entry Failures During or After Loading Guest State". */
VTDPI_API void vtdpi_vmx_entry_failed(vtdpi_vmcs_t *vmcs, vtdpi_exit_t reason,
                                      uint64_t qualification);

/** Interruption information with its valid bit. *Spec:* SDM 3C, "Information for VM Exits Due to
 * Vectored Events". */
VTDPI_API uint32_t vtdpi_intr_info(vtdpi_intr_type_t type, uint8_t vector, bool error_code);

/** Whether [info] is of a form that VM entry takes. *Spec:* SDM 3C, "VM-Entry Control Fields". */
VTDPI_API bool vtdpi_intr_info_legal(uint32_t info);

/** Interruption information of exit 1: of [vector] if the controls acknowledge it, else not valid.
 * *Spec:* SDM 3C, "Information for VM Exits Due to Vectored Events". */
VTDPI_API uint32_t vtdpi_intr_info_external(vtdpi_ctls_t set, uint8_t vector);

/** Structure of vmcs.def (QUAL_…) that the qualification of exit [reason] with [intr_info] has, or
 * NULL: it is 0. *Spec:* SDM 3C, "Basic VM-Exit Information". */
VTDPI_API const char *vtdpi_qual_layout(unsigned reason, uint32_t intr_info);

/** Qualification of exit 44. *Spec:* SDM 3C, "Exit Qualification for APIC-Access VM Exits". */
VTDPI_API uint64_t vtdpi_qual_apic_access(uint16_t offset, unsigned type);

/** Qualification of exit 45. *Spec:* SDM 3C, "EOI Virtualization". */
VTDPI_API uint64_t vtdpi_qual_eoi(uint8_t vector);

/** Qualification of exit 56. *Spec:* SDM 3C, "APIC-Write VM Exits". */
VTDPI_API uint64_t vtdpi_qual_apic_write(uint16_t offset);

/** Qualification of exit 4. *Spec:* SDM 3C, "Basic VM-Exit Information". */
VTDPI_API uint64_t vtdpi_qual_sipi(uint8_t vector);

/** Qualification of exit 36. *Spec:* SDM 3C, "Basic VM-Exit Information". */
VTDPI_API uint64_t vtdpi_qual_mwait(bool armed);

/** Qualification of exit 28 but for LMSW. *Spec:* SDM 3C, "Exit Qualification for Control-Register
 * Accesses". */
VTDPI_API uint64_t vtdpi_qual_cr(unsigned number, unsigned type, unsigned gpr);

/** Qualification of exit 48. *Spec:* SDM 3C, "Exit Qualification for EPT Violations". */
VTDPI_API uint64_t vtdpi_qual_ept(vtdpi_ept_violation_t violation);

#ifdef __cplusplus
}
#endif

#endif

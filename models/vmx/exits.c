#include "vtdpi/vmx.h"

static uint16_t vmx_status(uint8_t rvi, uint8_t svi)
{
    uint64_t word = 0;
    VTDPI_PUT(INTR_STATUS, RVI, &word, rvi);
    VTDPI_PUT(INTR_STATUS, SVI, &word, svi);
    return (uint16_t)word;
}

/* @rule sdm.exit.injection-ends | SDM 3C | Recording VM-Exit Information and Updating VM-Entry
 * Control Fields | The valid bit of the entry interruption information is cleared by a VM exit. */
static void vmx_injection_end(vtdpi_vmcs_t *vmcs)
{
    uint64_t info = vmcs->entry_intr_info;
    VTDPI_PUT(INTR_INFO, VALID, &info, 0);
    vmcs->entry_intr_info = (uint32_t)info;
}

/* @rule sdm.exit.record | SDM 3C | Recording VM-Exit Information and Updating VM-Entry Control
 * Fields | Reason, qualification, interruption and IDT-vectoring information with their error
 * codes, and instruction length are recorded.
 * @rule sdm.exit.saves-rvi-svi | SDM 3C | Saving Non-Register State | RVI and SVI are saved to the
 * guest interrupt status if "virtual-interrupt delivery" is 1; the virtual-APIC page stays as it
 * is.
 * @rule sdm.exit.saves-timer | SDM 3C | Saving Non-Register State | The VMX-preemption timer is
 * saved if "save VMX-preemption timer value" is 1. */
void vtdpi_vmx_exit(vtdpi_vmcs_t *vmcs, vtdpi_exit_t reason, const vtdpi_exit_info_t *info)
{
    VTDPI_ASSERT(vtdpi_exit_kind(reason) != VTDPI_EXIT_KIND_ENTRY);
    vtdpi_ctls_t set = vtdpi_vmcs_controls(vmcs);
    vmcs->exit_reason = reason;
    vmcs->exit_qualification = info->qualification;
    vmcs->exit_intr_info = info->intr_info;
    vmcs->exit_error_code = info->intr_error_code;
    vmcs->idt_vectoring_info = info->idt_info;
    vmcs->idt_vectoring_error = info->idt_error_code;
    vmcs->exit_length = info->length;
    vmx_injection_end(vmcs);
    if (vtdpi_ctl_virtual_interrupt_delivery(set)) {
        vmcs->intr_status = vmx_status(info->rvi, info->svi);
    }
    if (vtdpi_ctl_save_preemption_timer(set)) {
        vmcs->preemption_value = info->preemption_value;
    }
}

/* @rule sdm.entry.failed | SDM 3C | VM-Entry Failures During or After Loading Guest State | Reason
 * 33, 34 or 41 with bit 31 set; the injection stays valid. */
void vtdpi_vmx_entry_failed(vtdpi_vmcs_t *vmcs, vtdpi_exit_t reason, uint64_t qualification)
{
    VTDPI_ASSERT(vtdpi_exit_kind(reason) == VTDPI_EXIT_KIND_ENTRY);
    uint64_t word = reason;
    VTDPI_PUT(EXIT_REASON, ENTRY_FAILED, &word, 1);
    vmcs->exit_reason = (uint32_t)word;
    vmcs->exit_qualification = qualification;
}

/* @rule sdm.entry.vmfail | SDM 3C | VM Instruction Error Numbers | A failed check on controls is
 * VMfailValid with error 7. */
void vtdpi_vmx_fail_valid(vtdpi_vmcs_t *vmcs, uint32_t error)
{
    vmcs->instruction_error = error;
}

/* @rule sdm.exit.intr-info | SDM 3C | Information for VM Exits Due to Vectored Events | Bits 7:0
 * vector, 10:8 type, 11 error code valid, 12 NMI unblocking due to IRET, 31 valid. */
uint32_t vtdpi_intr_info(vtdpi_intr_type_t type, uint8_t vector, bool error_code)
{
    uint64_t info = 0;
    VTDPI_PUT(INTR_INFO, VECTOR, &info, vector);
    VTDPI_PUT(INTR_INFO, TYPE, &info, type);
    VTDPI_PUT(INTR_INFO, ERROR_VALID, &info, error_code);
    VTDPI_PUT(INTR_INFO, VALID, &info, 1);
    return (uint32_t)info;
}

/* @rule sdm.exit.external-info | SDM 3C | Information for VM Exits Due to Vectored Events | Exit 1
 * tells the vector if "acknowledge interrupt on exit" is 1; else the information is not valid and
 * the interrupt stays in the IRR. */
uint32_t vtdpi_intr_info_external(vtdpi_ctls_t set, uint8_t vector)
{
    bool acknowledged = vtdpi_ctl_acknowledge_interrupt_on_exit(set);
    return acknowledged ? vtdpi_intr_info(VTDPI_INTR_EXTERNAL, vector, false) : 0;
}

/* @rule sdm.entry.intr-info | SDM 3C | VM-Entry Control Fields | A valid entry interruption
 * information has a legal type; NMI has vector 2, an exception one up to 31, a pending MTF vector
 * 0; an error code goes with #DF, #TS, #NP, #SS, #GP, #PF and #AC alone; reserved bits are 0. */
bool vtdpi_intr_info_legal(uint32_t info)
{
    enum { TYPE_RESERVED = 1, NMI_VECTOR = 2, LAST_EXCEPTION = 31, MTF_VECTOR = 0 };

    enum { WITH_ERROR_CODE = 1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 17 };

    uint64_t word = info;
    unsigned type = (unsigned)VTDPI_GET(INTR_INFO, TYPE, &word);
    unsigned vector = (unsigned)VTDPI_GET(INTR_INFO, VECTOR, &word);
    bool error = VTDPI_GET(INTR_INFO, ERROR_VALID, &word) != 0;
    if (VTDPI_GET(INTR_INFO, VALID, &word) == 0) {
        return true;
    }
    if (VTDPI_GET(INTR_INFO_RSVD, ENTRY, &word) != 0 || type == TYPE_RESERVED) {
        return false;
    }
    if (type == VTDPI_INTR_EXCEPTION) {
        bool has_code = vector <= LAST_EXCEPTION && ((unsigned)WITH_ERROR_CODE >> vector & 1U) != 0;
        return vector <= LAST_EXCEPTION && (has_code || !error);
    }
    bool vector_ok = (type != VTDPI_INTR_NMI || vector == NMI_VECTOR) &&
                     (type != VTDPI_INTR_OTHER || vector == MTF_VECTOR);
    return vector_ok && !error;
}

#include "vtdpi/vmx.h"

static uint16_t vmx_status(uint8_t rvi, uint8_t svi)
{
    uint64_t word = 0;
    VTDPI_PUT(INTR_STATUS, RVI, &word, rvi);
    VTDPI_PUT(INTR_STATUS, SVI, &word, svi);
    return (uint16_t)word;
}

/* "The valid bit of the entry interruption information is cleared on every VM exit." */
static void vmx_injection_end(vtdpi_vmcs_t *vmcs)
{
    uint64_t info = vmcs->entry_intr_info;
    VTDPI_PUT(INTR_INFO, VALID, &info, 0);
    vmcs->entry_intr_info = (uint32_t)info;
}

void vtdpi_vmx_exit(vtdpi_vmcs_t *vmcs, vtdpi_exit_t reason, const vtdpi_exit_info_t *info)
{
    VTDPI_ASSERT(vtdpi_exit_kind(reason) != VTDPI_EXIT_KIND_ENTRY);
    vmcs->exit_reason = reason;
    vmcs->exit_qualification = info->qualification;
    vmcs->exit_intr_info = info->intr_info;
    vmcs->exit_error_code = info->intr_error_code;
    vmcs->idt_vectoring_info = info->idt_info;
    vmcs->idt_vectoring_error = info->idt_error_code;
    vmcs->exit_length = info->length;
    vmx_injection_end(vmcs);
    if (vtdpi_ctl_virtual_interrupt_delivery(vtdpi_vmcs_controls(vmcs))) {
        vmcs->intr_status = vmx_status(info->rvi, info->svi);
    }
}

void vtdpi_vmx_entry_failed(vtdpi_vmcs_t *vmcs, vtdpi_exit_t reason, uint64_t qualification)
{
    VTDPI_ASSERT(vtdpi_exit_kind(reason) == VTDPI_EXIT_KIND_ENTRY);
    uint64_t word = reason;
    VTDPI_PUT(EXIT_REASON, ENTRY_FAILED, &word, 1);
    vmcs->exit_reason = (uint32_t)word;
    vmcs->exit_qualification = qualification;
}

uint32_t vtdpi_intr_info(vtdpi_intr_type_t type, uint8_t vector, bool error_code)
{
    uint64_t info = 0;
    VTDPI_PUT(INTR_INFO, VECTOR, &info, vector);
    VTDPI_PUT(INTR_INFO, TYPE, &info, type);
    VTDPI_PUT(INTR_INFO, ERROR_VALID, &info, error_code);
    VTDPI_PUT(INTR_INFO, VALID, &info, 1);
    return (uint32_t)info;
}

bool vtdpi_intr_info_legal(uint32_t info)
{
    enum { NMI_VECTOR = 2, LAST_EXCEPTION = 31 };

    uint64_t word = info;
    unsigned type = (unsigned)VTDPI_GET(INTR_INFO, TYPE, &word);
    unsigned vector = (unsigned)VTDPI_GET(INTR_INFO, VECTOR, &word);
    bool error = VTDPI_GET(INTR_INFO, ERROR_VALID, &word) != 0;
    if (VTDPI_GET(INTR_INFO, VALID, &word) == 0) {
        return true;
    }
    if ((info & UINT32_C(0x7FFFF000)) != 0 || type == 1) {
        return false;
    }
    if (type == VTDPI_INTR_EXCEPTION) {
        return vector <= LAST_EXCEPTION;
    }
    bool vector_ok = (type != VTDPI_INTR_NMI || vector == NMI_VECTOR) &&
                     (type != VTDPI_INTR_OTHER || vector == 0);
    return vector_ok && !error;
}

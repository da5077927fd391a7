/*
 * VM entry: controls in force, the checks, what entry leaves behind.
 */
#include "vtdpi/vmx.h"

#include "vtd_test.h"

enum { WIDTH = 46 };

/* Posted interrupts as KVM and Xen set them up: every check holds. */
static vtdpi_vmcs_t posted_vmcs(void)
{
    static const vtdpi_ctl_t on[] = {
        VTDPI_CTL_EXTERNAL_INTERRUPT_EXITING,   VTDPI_CTL_NMI_EXITING,
        VTDPI_CTL_PROCESS_POSTED_INTERRUPTS,    VTDPI_CTL_TPR_SHADOW,
        VTDPI_CTL_APIC_REGISTER_VIRTUALIZATION, VTDPI_CTL_VIRTUAL_INTERRUPT_DELIVERY,
        VTDPI_CTL_VIRTUALIZE_X2APIC_MODE,       VTDPI_CTL_ACKNOWLEDGE_INTERRUPT_ON_EXIT,
    };
    vtdpi_vmcs_t vmcs;
    memset(&vmcs, 0, sizeof vmcs);
    for (size_t i = 0; i < sizeof on / sizeof on[0]; i++) {
        vtdpi_vmcs_set_control(&vmcs, on[i], true);
    }
    vmcs.pinv = 0xF2;
    vmcs.pid_addr = 0x1000040;
    vmcs.virtual_apic_addr = 0x2000000;
    vmcs.rflags = 0x202;
    return vmcs;
}

static vtdpi_check_t control_check(const vtdpi_vmcs_t *vmcs)
{
    return vtdpi_vmx_check_controls(vmcs, WIDTH, 0);
}

/* SDM 3C, "Processor-Based VM-Execution Controls": secondary controls act as 0 unless activated,
 * tertiary ones likewise.
 * @shows sdm.vmcs.activated */
static void test_vmx_entry__inactive_words__act_as_0(void **state)
{
    (void)state;
    vtdpi_vmcs_t vmcs = posted_vmcs();
    vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_IPI_VIRTUALIZATION, true);
    assert_true(vtdpi_ctl_ipi_virtualization(vtdpi_vmcs_controls(&vmcs)));
    vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_TERTIARY_CONTROLS, false);
    assert_false(vtdpi_ctl_ipi_virtualization(vtdpi_vmcs_controls(&vmcs)));
    assert_true(vtdpi_ctl_virtual_interrupt_delivery(vtdpi_vmcs_controls(&vmcs)));
    vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_SECONDARY_CONTROLS, false);
    assert_false(vtdpi_ctl_virtual_interrupt_delivery(vtdpi_vmcs_controls(&vmcs)));
    assert_int_equal(control_check(&vmcs), VTDPI_CHECK_POSTED_NEEDS_DELIVERY);
}

/* One way to break each check on what is injected, and on the controls of the VM exit. */
static void break_exit_or_injection(vtdpi_vmcs_t *vmcs, vtdpi_check_t check)
{
    switch ((unsigned)check) {
    case VTDPI_CHECK_SAVE_NEEDS_PREEMPTION_TIMER:
        vtdpi_vmcs_set_control(vmcs, VTDPI_CTL_SAVE_PREEMPTION_TIMER, true);
        break;
    case VTDPI_CHECK_ENTRY_ERROR_CODE:
        vmcs->entry_intr_info = vtdpi_intr_info(VTDPI_INTR_EXCEPTION, 14, true);
        vmcs->entry_error_code = 0x10000;
        break;
    case VTDPI_CHECK_ENTRY_LENGTH:
        vmcs->entry_intr_info = vtdpi_intr_info(VTDPI_INTR_SOFT_INT, 0x80, false);
        vmcs->entry_length = 16;
        break;
    case VTDPI_CHECK_ENTRY_INTR_INFO:
        vmcs->entry_intr_info = 0x80000141;
        break;
    default:
        break;
    }
}

/* One way to break each check on controls, from a VMCS where all hold. */
static vtdpi_vmcs_t broken_control(vtdpi_check_t check)
{
    vtdpi_vmcs_t vmcs = posted_vmcs();
    switch ((unsigned)check) {
    case VTDPI_CHECK_VIRTUAL_NMIS_NEED_NMI_EXITING:
        vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_VIRTUAL_NMIS, true);
        vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_NMI_EXITING, false);
        break;
    case VTDPI_CHECK_NMI_WINDOW_NEEDS_VIRTUAL_NMIS:
        vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_NMI_WINDOW_EXITING, true);
        break;
    case VTDPI_CHECK_VIRTUAL_APIC_ADDR:
        vmcs.virtual_apic_addr |= 0x800;
        break;
    case VTDPI_CHECK_TPR_THRESHOLD_RESERVED:
        vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_VIRTUAL_INTERRUPT_DELIVERY, false);
        vmcs.tpr_threshold = 0x10;
        break;
    case VTDPI_CHECK_TPR_THRESHOLD_ABOVE_VTPR:
        vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_VIRTUAL_INTERRUPT_DELIVERY, false);
        vmcs.tpr_threshold = 1;
        break;
    case VTDPI_CHECK_NEEDS_TPR_SHADOW:
        vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_TPR_SHADOW, false);
        break;
    case VTDPI_CHECK_APIC_ACCESS_ADDR:
        vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_VIRTUALIZE_X2APIC_MODE, false);
        vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_VIRTUALIZE_APIC_ACCESSES, true);
        vmcs.apic_access_addr = UINT64_C(1) << WIDTH;
        break;
    case VTDPI_CHECK_X2APIC_AND_APIC_ACCESSES:
        vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_VIRTUALIZE_APIC_ACCESSES, true);
        break;
    case VTDPI_CHECK_DELIVERY_NEEDS_EXITING:
        vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_EXTERNAL_INTERRUPT_EXITING, false);
        break;
    case VTDPI_CHECK_POSTED_NEEDS_DELIVERY:
        vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_VIRTUAL_INTERRUPT_DELIVERY, false);
        break;
    case VTDPI_CHECK_POSTED_NEEDS_ACKNOWLEDGE:
        vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_ACKNOWLEDGE_INTERRUPT_ON_EXIT, false);
        break;
    case VTDPI_CHECK_PINV_RANGE:
        vmcs.pinv = 0x1F2;
        break;
    case VTDPI_CHECK_PID_ADDR:
        vmcs.pid_addr += 0x20;
        break;
    case VTDPI_CHECK_PID_TABLE_ADDR:
        vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_IPI_VIRTUALIZATION, true);
        vmcs.pid_table_addr = 0x3004;
        break;
    default:
        break_exit_or_injection(&vmcs, check);
        break;
    }
    return vmcs;
}

/* One way to break each check on guest state. */
static vtdpi_vmcs_t broken_guest(vtdpi_check_t check)
{
    vtdpi_vmcs_t vmcs = posted_vmcs();
    switch ((unsigned)check) {
    case VTDPI_CHECK_GUEST_UINV:
        vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_LOAD_UINV, true);
        vmcs.guest_uinv = 0x100;
        break;
    case VTDPI_CHECK_ACTIVITY_RANGE:
        vmcs.activity = 4;
        break;
    case VTDPI_CHECK_HLT_NEEDS_DPL0:
        vmcs.activity = VTDPI_ACTIVITY_HLT;
        vmcs.ss_access_rights = 3 << 5;
        break;
    case VTDPI_CHECK_BLOCKING_NEEDS_ACTIVE:
        vmcs.activity = VTDPI_ACTIVITY_HLT;
        vmcs.interruptibility = VTDPI_BLOCK_STI;
        break;
    case VTDPI_CHECK_INJECTION_BY_ACTIVITY:
        vmcs.activity = VTDPI_ACTIVITY_WAIT_FOR_SIPI;
        vmcs.entry_intr_info = vtdpi_intr_info(VTDPI_INTR_NMI, 2, false);
        break;
    case VTDPI_CHECK_INTERRUPTIBILITY_RESERVED:
        vmcs.interruptibility = 0x20;
        break;
    case VTDPI_CHECK_STI_AND_MOV_SS:
        vmcs.interruptibility = VTDPI_BLOCK_STI | VTDPI_BLOCK_MOV_SS;
        break;
    case VTDPI_CHECK_STI_NEEDS_IF:
        vmcs.interruptibility = VTDPI_BLOCK_STI;
        vmcs.rflags = 2;
        break;
    case VTDPI_CHECK_INJECTED_INTERRUPT_NEEDS_IF:
        vmcs.entry_intr_info = vtdpi_intr_info(VTDPI_INTR_EXTERNAL, 0x41, false);
        vmcs.rflags = 2;
        break;
    case VTDPI_CHECK_INJECTED_INTERRUPT_BLOCKED:
        vmcs.entry_intr_info = vtdpi_intr_info(VTDPI_INTR_EXTERNAL, 0x41, false);
        vmcs.interruptibility = VTDPI_BLOCK_STI;
        break;
    case VTDPI_CHECK_INJECTED_NMI_BLOCKED:
        vmcs.entry_intr_info = vtdpi_intr_info(VTDPI_INTR_NMI, 2, false);
        vmcs.interruptibility = VTDPI_BLOCK_MOV_SS;
        break;
    case VTDPI_CHECK_INJECTED_NMI_VIRTUAL_BLOCKED:
        vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_VIRTUAL_NMIS, true);
        vmcs.entry_intr_info = vtdpi_intr_info(VTDPI_INTR_NMI, 2, false);
        vmcs.interruptibility = VTDPI_BLOCK_NMI;
        break;
    default:
        break;
    }
    return vmcs;
}

enum { CONTROLS, GUEST };

/* SDM 3C, "VM-Execution Control Fields", "Checks on Guest Non-Register State": each row of the
 * table of checks is named when it alone is broken.
 * @shows sdm.entry.virtual-nmis, sdm.entry.nmi-window, sdm.entry.virtual-apic-addr,
 * sdm.entry.threshold-reserved, sdm.entry.threshold-above-vtpr, sdm.entry.needs-tpr-shadow,
 * sdm.entry.apic-access-addr, sdm.entry.x2apic-or-accesses, sdm.entry.delivery-needs-exiting,
 * sdm.entry.posted-needs-delivery, sdm.entry.posted-needs-acknowledge, sdm.entry.pinv,
 * sdm.entry.pid-addr, sdm.entry.pid-table, sdm.entry.save-timer, sdm.entry.intr-info,
 * sdm.entry.error-code, sdm.entry.length, sdm.entry.activity-range, sdm.entry.hlt-dpl,
 * sdm.entry.blocking-needs-active, sdm.entry.interruptibility-reserved, sdm.entry.sti-or-mov-ss,
 * sdm.entry.sti-needs-if, sdm.entry.inject-needs-if, sdm.entry.inject-unblocked,
 * sdm.entry.inject-nmi, sdm.entry.inject-virtual-nmi, sdm.entry.uinv */
static void test_vmx_entry__each_check__is_named_when_broken(void **state)
{
    (void)state;
    vtdpi_vmcs_t good = posted_vmcs();
    assert_int_equal(control_check(&good), VTDPI_CHECK_NONE);
    assert_int_equal(vtdpi_vmx_check_guest(&good), VTDPI_CHECK_NONE);
    assert_string_equal(vtdpi_check_doc(VTDPI_CHECK_NONE), "all checks hold");
#define VTDPI_ENTRY_CHECK(NAME, stage, doc)                                                        \
    {                                                                                              \
        vtdpi_check_t check = VTDPI_CHECK_##NAME;                                                  \
        vtdpi_vmcs_t vmcs = (stage) == CONTROLS ? broken_control(check) : broken_guest(check);     \
        assert_int_equal(control_check(&vmcs), (stage) == CONTROLS ? check : VTDPI_CHECK_NONE);    \
        assert_int_equal(vtdpi_vmx_check_guest(&vmcs), (stage) == GUEST ? check : 0);              \
        assert_string_equal(vtdpi_check_doc(check), doc);                                          \
    }
#include "vtdpi/layout/vmcs.def"
#undef VTDPI_ENTRY_CHECK
}

/* SDM 3C, "VM-Execution Control Fields": limits of addresses, of PINV and of the threshold, each on
 * both sides.
 * @shows sdm.entry.pid-addr, sdm.entry.pinv, sdm.entry.pid-table,
 * sdm.entry.threshold-above-vtpr, sdm.entry.threshold-reserved */
static void test_vmx_entry__limits__hold_on_the_near_side(void **state)
{
    (void)state;
    vtdpi_vmcs_t vmcs = posted_vmcs();
    vmcs.pid_addr = (UINT64_C(1) << WIDTH) - 64;
    assert_int_equal(control_check(&vmcs), VTDPI_CHECK_NONE);
    vmcs.pid_addr += 64;
    assert_int_equal(control_check(&vmcs), VTDPI_CHECK_PID_ADDR);
    vmcs = posted_vmcs();
    for (unsigned pinv = 0; pinv <= UINT16_MAX; pinv++) {
        vmcs.pinv = (uint16_t)pinv;
        assert_int_equal(control_check(&vmcs),
                         pinv < 256 ? VTDPI_CHECK_NONE : VTDPI_CHECK_PINV_RANGE);
    }
    vmcs.pinv = 0xFF;
    vmcs.tpr_threshold = UINT32_MAX;
    assert_int_equal(control_check(&vmcs), VTDPI_CHECK_NONE);
    vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_IPI_VIRTUALIZATION, true);
    vmcs.last_pid_index = 1;
    vmcs.pid_table_addr = (UINT64_C(1) << WIDTH) - 16;
    assert_int_equal(control_check(&vmcs), VTDPI_CHECK_NONE);
    vmcs.last_pid_index = 2;
    assert_int_equal(control_check(&vmcs), VTDPI_CHECK_PID_TABLE_ADDR);
    vmcs.pid_table_addr = UINT64_MAX - 7; /* its last entry lies at 8 */
    assert_int_equal(control_check(&vmcs), VTDPI_CHECK_PID_TABLE_ADDR);
    for (unsigned bit = 4; bit < 32; bit++) {
        vmcs = broken_control(VTDPI_CHECK_TPR_THRESHOLD_RESERVED);
        vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_PROCESS_POSTED_INTERRUPTS, false);
        vmcs.tpr_threshold = UINT32_C(1) << bit;
        assert_int_equal(control_check(&vmcs), VTDPI_CHECK_TPR_THRESHOLD_RESERVED);
    }
    vmcs = broken_control(VTDPI_CHECK_TPR_THRESHOLD_ABOVE_VTPR);
    vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_PROCESS_POSTED_INTERRUPTS, false);
    assert_int_equal(vtdpi_vmx_check_controls(&vmcs, WIDTH, 0x10), VTDPI_CHECK_NONE);
    assert_int_equal(vtdpi_vmx_check_controls(&vmcs, WIDTH, 0x0F),
                     VTDPI_CHECK_TPR_THRESHOLD_ABOVE_VTPR);
}

/* SDM 3C, "Checks on Guest Non-Register State": which events each activity state admits.
 * @shows sdm.entry.inject-by-activity, sdm.entry.activity-after, sdm.entry.pending-mtf */
static void test_vmx_entry__injection__fits_the_activity_state(void **state)
{
    (void)state;

    static const struct {
        uint8_t type;
        uint8_t vector;
        const char *admitted; /* active, HLT, shutdown, wait-for-SIPI */
    } rows[] = {
        {VTDPI_INTR_EXTERNAL, 0x41, "1100"}, {VTDPI_INTR_NMI, 2, "1110"},
        {VTDPI_INTR_EXCEPTION, 1, "1100"},   {VTDPI_INTR_EXCEPTION, 18, "1110"},
        {VTDPI_INTR_EXCEPTION, 14, "1000"},  {VTDPI_INTR_SOFT_INT, 0x80, "1000"},
        {VTDPI_INTR_OTHER, 0, "1100"},       {VTDPI_INTR_OTHER, 1, "1000"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (uint32_t activity = 0; activity < 4; activity++) {
            vtdpi_vmcs_t vmcs = posted_vmcs();
            vmcs.activity = activity;
            vmcs.entry_intr_info =
                vtdpi_intr_info((vtdpi_intr_type_t)rows[i].type, rows[i].vector, false);
            bool ok = rows[i].admitted[activity] == '1';
            assert_int_equal(vtdpi_vmx_check_guest(&vmcs),
                             ok ? VTDPI_CHECK_NONE : VTDPI_CHECK_INJECTION_BY_ACTIVITY);
            /* "Activity State": an entry that injects ends active; a pending MTF does not count. */
            bool event = rows[i].type != VTDPI_INTR_OTHER;
            assert_int_equal(vtdpi_vmx_entry_activity(&vmcs), event ? 0 : activity);
            /* "Injection of Pending MTF VM Exits": the other event is a pending exit. */
            assert_int_equal(vtdpi_vmx_entry_mtf(&vmcs), !event);
            vmcs.entry_intr_info &= 0x7FFFFFFF;
            assert_int_equal(vtdpi_vmx_entry_activity(&vmcs), activity);
            assert_false(vtdpi_vmx_entry_mtf(&vmcs));
            assert_int_equal(vtdpi_vmx_check_guest(&vmcs), VTDPI_CHECK_NONE);
        }
    }
}

/* SDM 3C, "VM Exits Induced by the TPR Threshold": with APIC accesses virtualised and no delivery
 * the entry is followed by exit 43 where others fail the check.
 * @shows sdm.entry.tpr-exit */
static void test_vmx_entry__threshold_above_vtpr__exits_after_entry(void **state)
{
    (void)state;
    vtdpi_vmcs_t vmcs = posted_vmcs();
    vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_PROCESS_POSTED_INTERRUPTS, false);
    vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_VIRTUAL_INTERRUPT_DELIVERY, false);
    vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_VIRTUALIZE_X2APIC_MODE, false);
    vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_VIRTUALIZE_APIC_ACCESSES, true);
    vmcs.tpr_threshold = 3;
    assert_int_equal(vtdpi_vmx_check_controls(&vmcs, WIDTH, 0x20), VTDPI_CHECK_NONE);
    assert_true(vtdpi_vmx_entry_tpr_exit(&vmcs, 0x2F));
    assert_false(vtdpi_vmx_entry_tpr_exit(&vmcs, 0x30));
    vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_VIRTUAL_INTERRUPT_DELIVERY, true);
    assert_false(vtdpi_vmx_entry_tpr_exit(&vmcs, 0x20));
}

/* SDM 3C, "VM-Execution Control Fields": each of the four controls alone needs the TPR shadow, with
 * it each is taken. Without the shadow nothing is asked of the virtual-APIC address, the threshold
 * and VTPR, but "virtualize APIC accesses" and delivery keep their own checks.
 * @shows sdm.entry.needs-tpr-shadow, sdm.entry.ipi-needs-tpr-shadow, sdm.entry.virtual-apic-addr,
 * sdm.entry.threshold-reserved, sdm.entry.threshold-above-vtpr, sdm.entry.apic-access-addr,
 * sdm.entry.delivery-needs-exiting */
static void test_vmx_entry__no_tpr_shadow__excludes_what_needs_it(void **state)
{
    (void)state;

    static const vtdpi_ctl_t needing[] = {
        VTDPI_CTL_VIRTUALIZE_X2APIC_MODE, VTDPI_CTL_APIC_REGISTER_VIRTUALIZATION,
        VTDPI_CTL_VIRTUAL_INTERRUPT_DELIVERY, VTDPI_CTL_IPI_VIRTUALIZATION};

    for (size_t i = 0; i < sizeof needing / sizeof needing[0]; i++) {
        vtdpi_vmcs_t vmcs;
        memset(&vmcs, 0, sizeof vmcs);
        vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_EXTERNAL_INTERRUPT_EXITING, true);
        vtdpi_vmcs_set_control(&vmcs, needing[i], true);
        vmcs.pid_table_addr = 0x3000;
        assert_int_equal(control_check(&vmcs), VTDPI_CHECK_NEEDS_TPR_SHADOW);
        vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_TPR_SHADOW, true);
        assert_int_equal(control_check(&vmcs), VTDPI_CHECK_NONE);
    }
    vtdpi_vmcs_t plain;
    memset(&plain, 0, sizeof plain);
    plain.virtual_apic_addr = 0x123;
    plain.tpr_threshold = 0x1F;
    assert_int_equal(control_check(&plain), VTDPI_CHECK_NONE);
    vtdpi_vmcs_set_control(&plain, VTDPI_CTL_VIRTUALIZE_APIC_ACCESSES, true);
    assert_int_equal(control_check(&plain), VTDPI_CHECK_NONE);
    plain.apic_access_addr = 0x800;
    assert_int_equal(control_check(&plain), VTDPI_CHECK_APIC_ACCESS_ADDR);
    vtdpi_vmcs_t delivery = posted_vmcs();
    vtdpi_vmcs_set_control(&delivery, VTDPI_CTL_PROCESS_POSTED_INTERRUPTS, false);
    assert_int_equal(control_check(&delivery), VTDPI_CHECK_NONE);
    vtdpi_vmcs_set_control(&delivery, VTDPI_CTL_EXTERNAL_INTERRUPT_EXITING, false);
    assert_int_equal(control_check(&delivery), VTDPI_CHECK_DELIVERY_NEEDS_EXITING);
}

/* SDM 3C, "VM-Execution Control Fields": each address is refused for each low bit and for each from
 * the physical width on, and taken for those between; a width of 32 bits is what IA32_VMX_BASIC[48]
 * makes of it.
 * @shows sdm.entry.virtual-apic-addr, sdm.entry.apic-access-addr, sdm.entry.pid-addr,
 * sdm.entry.pid-table */
static void test_vmx_entry__each_address__is_aligned_and_within_the_width(void **state)
{
    (void)state;

    static const struct {
        size_t at;
        uint64_t bytes;
        vtdpi_check_t check;
    } rows[] = {
        {offsetof(vtdpi_vmcs_t, virtual_apic_addr), 4096, VTDPI_CHECK_VIRTUAL_APIC_ADDR},
        {offsetof(vtdpi_vmcs_t, apic_access_addr), 4096, VTDPI_CHECK_APIC_ACCESS_ADDR},
        {offsetof(vtdpi_vmcs_t, pid_addr), 64, VTDPI_CHECK_PID_ADDR},
        {offsetof(vtdpi_vmcs_t, pid_table_addr), 8, VTDPI_CHECK_PID_TABLE_ADDR},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned width = 32; width <= 52; width++) {
            vtdpi_vmcs_t vmcs = posted_vmcs();
            vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_VIRTUALIZE_X2APIC_MODE, false);
            vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_VIRTUALIZE_APIC_ACCESSES, true);
            vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_IPI_VIRTUALIZATION, true);
            uint64_t addr = (UINT64_C(1) << width) - rows[i].bytes;
            memcpy((uint8_t *)&vmcs + rows[i].at, &addr, sizeof addr);
            assert_int_equal(vtdpi_vmx_check_controls(&vmcs, width, 0), VTDPI_CHECK_NONE);
            for (unsigned bit = 0; bit < 64; bit++) {
                addr = UINT64_C(1) << bit;
                bool ok = addr >= rows[i].bytes && bit < width;
                memcpy((uint8_t *)&vmcs + rows[i].at, &addr, sizeof addr);
                assert_int_equal(vtdpi_vmx_check_controls(&vmcs, width, 0),
                                 ok ? VTDPI_CHECK_NONE : rows[i].check);
            }
        }
    }
}

/* SDM 3C, "VM-Execution Control Fields": what a check protects is asked only while its control is
 * 1, also in a secondary word that is not activated.
 * @shows sdm.entry.virtual-nmis, sdm.entry.nmi-window, sdm.entry.save-timer, sdm.vmcs.activated */
static void test_vmx_entry__controls_that_are_off__ask_nothing(void **state)
{
    (void)state;
    vtdpi_vmcs_t vmcs;
    memset(&vmcs, 0, sizeof vmcs);
    vmcs.apic_access_addr = 1;
    vmcs.pid_addr = 1;
    vmcs.pinv = 0xFFFF;
    vmcs.pid_table_addr = 1;
    vmcs.controls[VTDPI_VMCS_PROC2] = UINT32_MAX;
    vmcs.controls[VTDPI_VMCS_PROC3] = UINT64_MAX;
    assert_int_equal(control_check(&vmcs), VTDPI_CHECK_NONE);
    vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_NMI_EXITING, true);
    vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_VIRTUAL_NMIS, true);
    vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_NMI_WINDOW_EXITING, true);
    vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_PREEMPTION_TIMER, true);
    vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_SAVE_PREEMPTION_TIMER, true);
    assert_int_equal(control_check(&vmcs), VTDPI_CHECK_NONE);
}

/* SDM 3C, "Checks on Guest Non-Register State": states of the guest that pass, near to those that
 * do not.
 * @shows sdm.entry.hlt-dpl, sdm.entry.sti-needs-if, sdm.entry.inject-needs-if,
 * sdm.entry.inject-unblocked, sdm.entry.inject-nmi, sdm.entry.inject-virtual-nmi,
 * sdm.entry.interruptibility-reserved */
static void test_vmx_entry__guest_states__pass_on_the_near_side(void **state)
{
    (void)state;
    uint32_t external = vtdpi_intr_info(VTDPI_INTR_EXTERNAL, 0x41, false);
    uint32_t nmi = vtdpi_intr_info(VTDPI_INTR_NMI, 2, false);

    const struct {
        uint32_t activity;
        uint32_t rights;
        uint32_t blocking;
        uint32_t inject;
        uint64_t rflags;
    } rows[] = {
        {VTDPI_ACTIVITY_HLT, 0x9F, 0, 0, 2},
        {VTDPI_ACTIVITY_ACTIVE, 0x60, VTDPI_BLOCK_STI, 0, 0x202},
        {VTDPI_ACTIVITY_ACTIVE, 0, VTDPI_BLOCK_MOV_SS, 0, 2},
        {VTDPI_ACTIVITY_ACTIVE, 0, VTDPI_BLOCK_NMI | VTDPI_BLOCK_SMI, external, 0x202},
        {VTDPI_ACTIVITY_ACTIVE, 0, VTDPI_BLOCK_STI, nmi, 0x202},
        {VTDPI_ACTIVITY_ACTIVE, 0, VTDPI_BLOCK_NMI, nmi, 2},
        {VTDPI_ACTIVITY_ACTIVE, 0, VTDPI_BLOCK_ENCLAVE, 0, 2},
        {VTDPI_ACTIVITY_SHUTDOWN, 0xE0, VTDPI_BLOCK_SMI, 0, 2},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vtdpi_vmcs_t vmcs = posted_vmcs();
        vmcs.activity = rows[i].activity;
        vmcs.ss_access_rights = rows[i].rights;
        vmcs.interruptibility = rows[i].blocking;
        vmcs.entry_intr_info = rows[i].inject;
        vmcs.rflags = rows[i].rflags;
        assert_int_equal(vtdpi_vmx_check_guest(&vmcs), VTDPI_CHECK_NONE);
    }
    vtdpi_vmcs_t vmcs = posted_vmcs();
    vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_VIRTUAL_NMIS, true);
    vmcs.entry_intr_info = nmi;
    assert_int_equal(vtdpi_vmx_check_guest(&vmcs), VTDPI_CHECK_NONE);
    for (unsigned bit = 5; bit < 32; bit++) {
        vmcs.interruptibility = UINT32_C(1) << bit;
        assert_int_equal(vtdpi_vmx_check_guest(&vmcs), VTDPI_CHECK_INTERRUPTIBILITY_RESERVED);
    }
}

/* SDM 3C, "VM-Entry Control Fields": error code and instruction length count only with the events
 * that have them, and pass at their limits.
 * @shows sdm.entry.error-code, sdm.entry.length */
static void test_vmx_entry__error_code_and_length__count_with_their_events(void **state)
{
    (void)state;

    const struct {
        uint32_t info;
        uint32_t error_code;
        uint32_t length;
        vtdpi_check_t check;
    } rows[] = {
        {vtdpi_intr_info(VTDPI_INTR_EXCEPTION, 14, true), 0xFFFF, 99, VTDPI_CHECK_NONE},
        {vtdpi_intr_info(VTDPI_INTR_EXCEPTION, 14, false), 0x10000, 99, VTDPI_CHECK_NONE},
        {vtdpi_intr_info(VTDPI_INTR_EXCEPTION, 13, true) & 0x7FFFFFFF, 0x10000, 0,
         VTDPI_CHECK_NONE},
        {vtdpi_intr_info(VTDPI_INTR_SOFT_INT, 0x80, false), 0, 15, VTDPI_CHECK_NONE},
        {vtdpi_intr_info(VTDPI_INTR_SOFT_INT, 0x80, false), 0, 16, VTDPI_CHECK_ENTRY_LENGTH},
        {vtdpi_intr_info(VTDPI_INTR_PRIV_EXCEPTION, 1, false), 0, 16, VTDPI_CHECK_ENTRY_LENGTH},
        {vtdpi_intr_info(VTDPI_INTR_SOFT_EXCEPTION, 3, false), 0, 16, VTDPI_CHECK_ENTRY_LENGTH},
        {vtdpi_intr_info(VTDPI_INTR_SOFT_INT, 3, false) & 0x7FFFFFFF, 0, 16, VTDPI_CHECK_NONE},
        {vtdpi_intr_info(VTDPI_INTR_EXTERNAL, 0x41, false), 0, 16, VTDPI_CHECK_NONE},
        {vtdpi_intr_info(VTDPI_INTR_OTHER, 0, false), 0, 16, VTDPI_CHECK_NONE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vtdpi_vmcs_t vmcs = posted_vmcs();
        vmcs.entry_intr_info = rows[i].info;
        vmcs.entry_error_code = rows[i].error_code;
        vmcs.entry_length = rows[i].length;
        assert_int_equal(control_check(&vmcs), rows[i].check);
    }
    for (unsigned bit = 16; bit < 32; bit++) {
        vtdpi_vmcs_t vmcs = broken_control(VTDPI_CHECK_ENTRY_ERROR_CODE);
        vmcs.entry_error_code = UINT32_C(1) << bit;
        assert_int_equal(control_check(&vmcs), VTDPI_CHECK_ENTRY_ERROR_CODE);
    }
}

/* SDM 3C, "VM Exits Induced by the TPR Threshold": without the shadow, or without "virtualize APIC
 * accesses", no exit follows.
 * @shows sdm.entry.tpr-exit */
static void test_vmx_entry__tpr_exit__needs_its_controls(void **state)
{
    (void)state;
    for (unsigned without = 0; without < 3; without++) {
        vtdpi_vmcs_t vmcs;
        memset(&vmcs, 0, sizeof vmcs);
        vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_TPR_SHADOW, without != 1);
        vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_VIRTUALIZE_APIC_ACCESSES, without != 2);
        vmcs.tpr_threshold = 1;
        assert_int_equal(vtdpi_vmx_entry_tpr_exit(&vmcs, 0x0F), without == 0);
    }
}

/* SDM 3C, "VM Instruction Error Numbers": a failed check on controls leaves its number in the VMCS
 * and nothing else.
 * @shows sdm.entry.vmfail */
static void test_vmx_entry__failed_controls__are_error_7(void **state)
{
    (void)state;
    vtdpi_vmcs_t vmcs = broken_control(VTDPI_CHECK_PID_ADDR);
    vmcs.exit_reason = VTDPI_EXIT_EXTERNAL_INTERRUPT;
    vmcs.exit_qualification = 0x300;
    vmcs.entry_intr_info = vtdpi_intr_info(VTDPI_INTR_EXTERNAL, 0x41, false);
    vtdpi_vmcs_t before = vmcs;
    uint64_t error = 0;
    vtdpi_vmx_fail_valid(&vmcs, VTDPI_VMFAIL_ENTRY_CONTROLS);
    assert_true(vtdpi_vmcs_read(&vmcs, 0x4400, &error));
    assert_int_equal(error, 7);
    before.instruction_error = 7;
    assert_memory_equal(&vmcs, &before, sizeof vmcs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vmx_entry__inactive_words__act_as_0),
        cmocka_unit_test(test_vmx_entry__each_check__is_named_when_broken),
        cmocka_unit_test(test_vmx_entry__limits__hold_on_the_near_side),
        cmocka_unit_test(test_vmx_entry__injection__fits_the_activity_state),
        cmocka_unit_test(test_vmx_entry__threshold_above_vtpr__exits_after_entry),
        cmocka_unit_test(test_vmx_entry__no_tpr_shadow__excludes_what_needs_it),
        cmocka_unit_test(test_vmx_entry__each_address__is_aligned_and_within_the_width),
        cmocka_unit_test(test_vmx_entry__controls_that_are_off__ask_nothing),
        cmocka_unit_test(test_vmx_entry__guest_states__pass_on_the_near_side),
        cmocka_unit_test(test_vmx_entry__error_code_and_length__count_with_their_events),
        cmocka_unit_test(test_vmx_entry__tpr_exit__needs_its_controls),
        cmocka_unit_test(test_vmx_entry__failed_controls__are_error_7),
    };
    return cmocka_run_group_tests_name("vmx_entry", tests, NULL, NULL);
}

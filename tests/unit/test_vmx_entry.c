/*
 * VM entry: the VMCS and its controls, the checks, what entry leaves behind.
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

static bool control_holds(vtdpi_ctls_t set, vtdpi_ctl_t ctl)
{
    switch (ctl) {
#define VTDPI_CONTROL(NAME, name, word, bit, doc)                                                  \
    case VTDPI_CTL_##NAME:                                                                         \
        return vtdpi_ctl_##name(set);
#include "vtdpi/layout/vmcs.def"
#undef VTDPI_CONTROL
    case VTDPI_CTLS:
        break;
    }
    return false;
}

/* SDM 3C, "VM-Execution Control Fields": each control alone is seen by its own predicate and by no
 * other one but those that activate its word. */
static void test_vmx_entry__each_control__has_its_own_bit(void **state)
{
    (void)state;
    for (unsigned ctl = 0; ctl < VTDPI_CTLS; ctl++) {
        vtdpi_vmcs_t vmcs;
        memset(&vmcs, 0, sizeof vmcs);
        vtdpi_vmcs_set_control(&vmcs, (vtdpi_ctl_t)ctl, true);
        vtdpi_ctls_t set = vtdpi_vmcs_controls(&vmcs);
        for (unsigned other = 0; other < VTDPI_CTLS; other++) {
            bool activates =
                (other == VTDPI_CTL_SECONDARY_CONTROLS && vmcs.controls[VTDPI_VMCS_PROC2] != 0) ||
                (other == VTDPI_CTL_TERTIARY_CONTROLS && vmcs.controls[VTDPI_VMCS_PROC3] != 0);
            assert_int_equal(control_holds(set, (vtdpi_ctl_t)other), other == ctl || activates);
        }
        vtdpi_vmcs_set_control(&vmcs, (vtdpi_ctl_t)ctl, false);
        assert_false(control_holds(vtdpi_vmcs_controls(&vmcs), (vtdpi_ctl_t)ctl));
        assert_non_null(strchr(vtdpi_ctl_doc((vtdpi_ctl_t)ctl), ';'));
    }
}

/* SDM 3C, "VM-Execution Control Fields": word and bit of each control, typed in from the manual. */
static void test_vmx_entry__each_control__lies_where_the_manual_says(void **state)
{
    (void)state;
    static const uint64_t words[VTDPI_VMCS_CONTROL_WORDS] = {
        0xE9, 0xD0780000 | 0x00020084, 0x713, 0x110, 0x08408000, 0x00080000};
    vtdpi_vmcs_t vmcs;
    memset(&vmcs, 0, sizeof vmcs);
    for (unsigned ctl = 0; ctl < VTDPI_CTLS; ctl++) {
        vtdpi_vmcs_set_control(&vmcs, (vtdpi_ctl_t)ctl, true);
    }
    for (unsigned i = 0; i < VTDPI_VMCS_CONTROL_WORDS; i++) {
        assert_true(vmcs.controls[i] == words[i]);
    }
    assert_int_equal(VTDPI_CTL_PROCESS_POSTED_INTERRUPTS_BIT, 7);
    assert_int_equal(VTDPI_CTL_VIRTUAL_INTERRUPT_DELIVERY_BIT, 9);
    assert_int_equal(VTDPI_CTL_ACKNOWLEDGE_INTERRUPT_ON_EXIT_BIT, 15);
    assert_int_equal(VTDPI_CTL_INTERRUPT_WINDOW_EXITING_BIT, 2);
}

/* SDM 3C, "Processor-Based VM-Execution Controls": secondary controls act as 0 unless activated,
 * tertiary ones likewise. */
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

/* SDM 3D, "Field Encoding in VMCS": each field reads back what was written, cut to its width; no
 * two share a place. */
static void test_vmx_entry__each_field__is_read_and_written_by_encoding(void **state)
{
    (void)state;
#define VTDPI_VMCS_FIELD(NAME, encoding, width, member, doc)                                       \
    {                                                                                              \
        vtdpi_vmcs_t vmcs;                                                                         \
        uint64_t value = 0;                                                                        \
        unsigned bits = (width) == 0 ? 64 : (width);                                               \
        memset(&vmcs, 0, sizeof vmcs);                                                             \
        assert_true(vtdpi_vmcs_write(&vmcs, (encoding), UINT64_C(0xA5A5C3C3F0F01234)));            \
        assert_true(vtdpi_vmcs_read(&vmcs, (encoding), &value));                                   \
        assert_true(value == (UINT64_C(0xA5A5C3C3F0F01234) & vtdpi_mask(bits)));                   \
        assert_true((uint64_t)vmcs.member == value);                                               \
        bool high = vtdpi_vmcs_read(&vmcs, (encoding) + 1, &value);                                \
        assert_int_equal(high, (width) == 64);                                                     \
        assert_int_equal(vtdpi_vmcs_write(&vmcs, (encoding) + 1, 0x11112222), high);               \
        if (high) {                                                                                \
            assert_true(value == 0xA5A5C3C3);                                                      \
            uint64_t whole = vmcs.member;                                                          \
            assert_true(whole == UINT64_C(0x11112222F0F01234));                                    \
        }                                                                                          \
        vmcs.member = 0;                                                                           \
        const uint8_t *bytes = (const uint8_t *)&vmcs;                                             \
        for (size_t i = 0; i < sizeof vmcs; i++) {                                                 \
            assert_int_equal(bytes[i], 0);                                                         \
        }                                                                                          \
    }
#include "vtdpi/layout/vmcs.def"
#undef VTDPI_VMCS_FIELD
    vtdpi_vmcs_t vmcs = posted_vmcs();
    uint64_t value = 7;
    assert_false(vtdpi_vmcs_read(&vmcs, 0x681E, &value));
    assert_false(vtdpi_vmcs_write(&vmcs, 0x681E, 1));
    assert_int_equal(value, 7);
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
    case VTDPI_CHECK_SAVE_NEEDS_PREEMPTION_TIMER:
        vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_SAVE_PREEMPTION_TIMER, true);
        break;
    case VTDPI_CHECK_ENTRY_INTR_INFO:
        vmcs.entry_intr_info = 0x80000141;
        break;
    default:
        break;
    }
    return vmcs;
}

/* One way to break each check on guest state. */
static vtdpi_vmcs_t broken_guest(vtdpi_check_t check)
{
    vtdpi_vmcs_t vmcs = posted_vmcs();
    switch ((unsigned)check) {
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
 * table of checks is named when it alone is broken. */
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
 * both sides. */
static void test_vmx_entry__limits__hold_on_the_near_side(void **state)
{
    (void)state;
    vtdpi_vmcs_t vmcs = posted_vmcs();
    vmcs.pid_addr = (UINT64_C(1) << WIDTH) - 64;
    assert_int_equal(control_check(&vmcs), VTDPI_CHECK_NONE);
    vmcs.pid_addr += 64;
    assert_int_equal(control_check(&vmcs), VTDPI_CHECK_PID_ADDR);
    vmcs = posted_vmcs();
    vmcs.pinv = 0;
    assert_int_equal(control_check(&vmcs), VTDPI_CHECK_NONE);
    vmcs.pinv = 0xFF;
    assert_int_equal(control_check(&vmcs), VTDPI_CHECK_NONE);
    vmcs.tpr_threshold = UINT32_MAX;
    assert_int_equal(control_check(&vmcs), VTDPI_CHECK_NONE);
    vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_IPI_VIRTUALIZATION, true);
    vmcs.last_pid_index = 1;
    vmcs.pid_table_addr = (UINT64_C(1) << WIDTH) - 16;
    assert_int_equal(control_check(&vmcs), VTDPI_CHECK_NONE);
    vmcs.last_pid_index = 2;
    assert_int_equal(control_check(&vmcs), VTDPI_CHECK_PID_TABLE_ADDR);
    vmcs = broken_control(VTDPI_CHECK_TPR_THRESHOLD_ABOVE_VTPR);
    vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_PROCESS_POSTED_INTERRUPTS, false);
    assert_int_equal(vtdpi_vmx_check_controls(&vmcs, WIDTH, 0x10), VTDPI_CHECK_NONE);
    assert_int_equal(vtdpi_vmx_check_controls(&vmcs, WIDTH, 0x0F),
                     VTDPI_CHECK_TPR_THRESHOLD_ABOVE_VTPR);
}

/* SDM 3C, "Checks on Guest Non-Register State": which events each activity state admits. */
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
        {VTDPI_INTR_OTHER, 0, "1100"},
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
            vmcs.entry_intr_info &= 0x7FFFFFFF;
            assert_int_equal(vtdpi_vmx_entry_activity(&vmcs), activity);
            assert_int_equal(vtdpi_vmx_check_guest(&vmcs), VTDPI_CHECK_NONE);
        }
    }
}

/* SDM 3C, "VM Exits Induced by the TPR Threshold": with APIC accesses virtualised and no delivery
 * the entry is followed by exit 43 where others fail the check. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vmx_entry__each_control__has_its_own_bit),
        cmocka_unit_test(test_vmx_entry__each_control__lies_where_the_manual_says),
        cmocka_unit_test(test_vmx_entry__inactive_words__act_as_0),
        cmocka_unit_test(test_vmx_entry__each_field__is_read_and_written_by_encoding),
        cmocka_unit_test(test_vmx_entry__each_check__is_named_when_broken),
        cmocka_unit_test(test_vmx_entry__limits__hold_on_the_near_side),
        cmocka_unit_test(test_vmx_entry__injection__fits_the_activity_state),
        cmocka_unit_test(test_vmx_entry__threshold_above_vtpr__exits_after_entry),
    };
    return cmocka_run_group_tests_name("vmx_entry", tests, NULL, NULL);
}

/*
 * The VMCS: where its controls and fields lie, and how they are read and written.
 */
#include "vtdpi/vmx.h"

#include "vtd_test.h"

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
static void test_vmx_vmcs__each_control__has_its_own_bit(void **state)
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
static void test_vmx_vmcs__each_control__lies_where_the_manual_says(void **state)
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

/* SDM 3D, "Field Encoding in VMCS": each field reads back what was written, cut to its width; no
 * two share a place.
 * @shows sdm.vmcs.encoding, sdm.vmcs.write-exit-fields */
static void test_vmx_vmcs__each_field__is_read_and_written_by_encoding(void **state)
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
    vtdpi_vmcs_t vmcs;
    uint64_t value = 7;
    memset(&vmcs, 0, sizeof vmcs);
    assert_false(vtdpi_vmcs_read(&vmcs, 0x681E, &value));
    assert_false(vtdpi_vmcs_write(&vmcs, 0x681E, 1));
    assert_int_equal(value, 7);
}

static const struct {
    uint16_t encoding;
    uint16_t at;
} encodings[] = {
    {0x0002, offsetof(vtdpi_vmcs_t, pinv)},
    {0x0008, offsetof(vtdpi_vmcs_t, last_pid_index)},
    {0x000A, offsetof(vtdpi_vmcs_t, virtual_timer_vector)},
    {0x0810, offsetof(vtdpi_vmcs_t, intr_status)},
    {0x0814, offsetof(vtdpi_vmcs_t, guest_uinv)},
    {0x2012, offsetof(vtdpi_vmcs_t, virtual_apic_addr)},
    {0x2014, offsetof(vtdpi_vmcs_t, apic_access_addr)},
    {0x2016, offsetof(vtdpi_vmcs_t, pid_addr)},
    {0x201C, offsetof(vtdpi_vmcs_t, eoi_exit[0])},
    {0x201E, offsetof(vtdpi_vmcs_t, eoi_exit[1])},
    {0x2020, offsetof(vtdpi_vmcs_t, eoi_exit[2])},
    {0x2022, offsetof(vtdpi_vmcs_t, eoi_exit[3])},
    {0x2034, offsetof(vtdpi_vmcs_t, controls[VTDPI_VMCS_PROC3])},
    {0x2042, offsetof(vtdpi_vmcs_t, pid_table_addr)},
    {0x4000, offsetof(vtdpi_vmcs_t, controls[VTDPI_VMCS_PIN])},
    {0x4002, offsetof(vtdpi_vmcs_t, controls[VTDPI_VMCS_PROC])},
    {0x400C, offsetof(vtdpi_vmcs_t, controls[VTDPI_VMCS_EXIT])},
    {0x4012, offsetof(vtdpi_vmcs_t, controls[VTDPI_VMCS_ENTRY])},
    {0x4016, offsetof(vtdpi_vmcs_t, entry_intr_info)},
    {0x4018, offsetof(vtdpi_vmcs_t, entry_error_code)},
    {0x401A, offsetof(vtdpi_vmcs_t, entry_length)},
    {0x401C, offsetof(vtdpi_vmcs_t, tpr_threshold)},
    {0x401E, offsetof(vtdpi_vmcs_t, controls[VTDPI_VMCS_PROC2])},
    {0x4400, offsetof(vtdpi_vmcs_t, instruction_error)},
    {0x4402, offsetof(vtdpi_vmcs_t, exit_reason)},
    {0x4404, offsetof(vtdpi_vmcs_t, exit_intr_info)},
    {0x4406, offsetof(vtdpi_vmcs_t, exit_error_code)},
    {0x4408, offsetof(vtdpi_vmcs_t, idt_vectoring_info)},
    {0x440A, offsetof(vtdpi_vmcs_t, idt_vectoring_error)},
    {0x440C, offsetof(vtdpi_vmcs_t, exit_length)},
    {0x4818, offsetof(vtdpi_vmcs_t, ss_access_rights)},
    {0x4824, offsetof(vtdpi_vmcs_t, interruptibility)},
    {0x4826, offsetof(vtdpi_vmcs_t, activity)},
    {0x482E, offsetof(vtdpi_vmcs_t, preemption_value)},
    {0x6400, offsetof(vtdpi_vmcs_t, exit_qualification)},
    {0x6820, offsetof(vtdpi_vmcs_t, rflags)},
};

/* SDM 3D, "Field Encoding in VMCS": encodings and widths, typed in from the manual; the encoding
 * says the width in its bits 14:13.
 * @shows sdm.vmcs.encoding */
static void test_vmx_vmcs__each_encoding__is_the_manuals(void **state)
{
    (void)state;

    static const uint8_t bytes[] = {2, 8, 4, 8}; /* 16 bits, 64, 32, natural width */
    for (size_t i = 0; i < sizeof encodings / sizeof encodings[0]; i++) {
        vtdpi_vmcs_t vmcs;
        memset(&vmcs, 0, sizeof vmcs);
        assert_true(vtdpi_vmcs_write(&vmcs, encodings[i].encoding, UINT64_MAX));
        const uint8_t *at = (const uint8_t *)&vmcs + encodings[i].at;
        for (unsigned byte = 0; byte < bytes[encodings[i].encoding >> 13]; byte++) {
            assert_int_equal(at[byte], 0xFF);
        }
    }
    size_t fields = 0;
    uint64_t value = 0;
    vtdpi_vmcs_t vmcs;
    memset(&vmcs, 0, sizeof vmcs);
    for (uint32_t encoding = 0; encoding < 0x8000; encoding += 2) {
        fields += vtdpi_vmcs_read(&vmcs, encoding, &value);
    }
    assert_int_equal(fields, sizeof encodings / sizeof encodings[0]);
}

/* SDM 3C, "Guest Non-Register State": numbers of the activity states and bits of the
 * interruptibility state. */
static void test_vmx_vmcs__activity_and_blocking__have_the_manuals_numbers(void **state)
{
    (void)state;
    uint64_t word = 0;
    VTDPI_PUT(INTERRUPTIBILITY, STI, &word, 1);
    assert_int_equal(word, VTDPI_BLOCK_STI);
    VTDPI_PUT(INTERRUPTIBILITY, MOV_SS, &word, 1);
    VTDPI_PUT(INTERRUPTIBILITY, SMI, &word, 1);
    VTDPI_PUT(INTERRUPTIBILITY, NMI, &word, 1);
    assert_int_equal(word, 15);
    assert_int_equal(VTDPI_BLOCK_MOV_SS, 2);
    assert_int_equal(VTDPI_BLOCK_SMI, 4);
    assert_int_equal(VTDPI_BLOCK_NMI, 8);
    VTDPI_PUT(INTERRUPTIBILITY, ENCLAVE, &word, 1);
    assert_int_equal(word, 15 + VTDPI_BLOCK_ENCLAVE);
    assert_int_equal(VTDPI_ACTIVITY_HLT, 1);
    assert_int_equal(VTDPI_ACTIVITY_SHUTDOWN, 2);
    assert_int_equal(VTDPI_ACTIVITY_WAIT_FOR_SIPI, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vmx_vmcs__each_control__has_its_own_bit),
        cmocka_unit_test(test_vmx_vmcs__each_control__lies_where_the_manual_says),
        cmocka_unit_test(test_vmx_vmcs__each_field__is_read_and_written_by_encoding),
        cmocka_unit_test(test_vmx_vmcs__each_encoding__is_the_manuals),
        cmocka_unit_test(test_vmx_vmcs__activity_and_blocking__have_the_manuals_numbers),
    };
    return cmocka_run_group_tests_name("vmx_vmcs", tests, NULL, NULL);
}

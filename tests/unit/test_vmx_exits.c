/*
 * VM exits: reasons and their names, interruption information, what an exit records.
 */
#include "vtdpi/vmx.h"

#include "vtd_test.h"

/* SDM 3D, "VMX Basic Exit Reasons": number, name as Linux prints it, kind. Typed in; the table must
 * not have a row more. */
static const struct {
    uint8_t number;
    uint8_t kind;
    const char *name;
} exit_rows[] = {
    {0, VTDPI_EXIT_KIND_EVENT, "EXCEPTION_NMI"},
    {1, VTDPI_EXIT_KIND_EVENT, "EXTERNAL_INTERRUPT"},
    {2, VTDPI_EXIT_KIND_EVENT, "TRIPLE_FAULT"},
    {3, VTDPI_EXIT_KIND_EVENT, "INIT_SIGNAL"},
    {4, VTDPI_EXIT_KIND_EVENT, "SIPI_SIGNAL"},
    {5, VTDPI_EXIT_KIND_EVENT, "IO_SMI"},
    {6, VTDPI_EXIT_KIND_EVENT, "OTHER_SMI"},
    {7, VTDPI_EXIT_KIND_EVENT, "INTERRUPT_WINDOW"},
    {8, VTDPI_EXIT_KIND_EVENT, "NMI_WINDOW"},
    {9, VTDPI_EXIT_KIND_FAULT, "TASK_SWITCH"},
    {10, VTDPI_EXIT_KIND_FAULT, "CPUID"},
    {12, VTDPI_EXIT_KIND_FAULT, "HLT"},
    {13, VTDPI_EXIT_KIND_FAULT, "INVD"},
    {14, VTDPI_EXIT_KIND_FAULT, "INVLPG"},
    {15, VTDPI_EXIT_KIND_FAULT, "RDPMC"},
    {16, VTDPI_EXIT_KIND_FAULT, "RDTSC"},
    {18, VTDPI_EXIT_KIND_FAULT, "VMCALL"},
    {19, VTDPI_EXIT_KIND_FAULT, "VMCLEAR"},
    {20, VTDPI_EXIT_KIND_FAULT, "VMLAUNCH"},
    {21, VTDPI_EXIT_KIND_FAULT, "VMPTRLD"},
    {22, VTDPI_EXIT_KIND_FAULT, "VMPTRST"},
    {23, VTDPI_EXIT_KIND_FAULT, "VMREAD"},
    {24, VTDPI_EXIT_KIND_FAULT, "VMRESUME"},
    {25, VTDPI_EXIT_KIND_FAULT, "VMWRITE"},
    {26, VTDPI_EXIT_KIND_FAULT, "VMOFF"},
    {27, VTDPI_EXIT_KIND_FAULT, "VMON"},
    {28, VTDPI_EXIT_KIND_FAULT, "CR_ACCESS"},
    {29, VTDPI_EXIT_KIND_FAULT, "DR_ACCESS"},
    {30, VTDPI_EXIT_KIND_FAULT, "IO_INSTRUCTION"},
    {31, VTDPI_EXIT_KIND_FAULT, "MSR_READ"},
    {32, VTDPI_EXIT_KIND_FAULT, "MSR_WRITE"},
    {33, VTDPI_EXIT_KIND_ENTRY, "INVALID_STATE"},
    {34, VTDPI_EXIT_KIND_ENTRY, "MSR_LOAD_FAIL"},
    {36, VTDPI_EXIT_KIND_FAULT, "MWAIT_INSTRUCTION"},
    {37, VTDPI_EXIT_KIND_EVENT, "MONITOR_TRAP_FLAG"},
    {39, VTDPI_EXIT_KIND_FAULT, "MONITOR_INSTRUCTION"},
    {40, VTDPI_EXIT_KIND_FAULT, "PAUSE_INSTRUCTION"},
    {41, VTDPI_EXIT_KIND_ENTRY, "MCE_DURING_VMENTRY"},
    {43, VTDPI_EXIT_KIND_TRAP, "TPR_BELOW_THRESHOLD"},
    {44, VTDPI_EXIT_KIND_FAULT, "APIC_ACCESS"},
    {45, VTDPI_EXIT_KIND_TRAP, "EOI_INDUCED"},
    {46, VTDPI_EXIT_KIND_FAULT, "GDTR_IDTR"},
    {47, VTDPI_EXIT_KIND_FAULT, "LDTR_TR"},
    {48, VTDPI_EXIT_KIND_FAULT, "EPT_VIOLATION"},
    {49, VTDPI_EXIT_KIND_FAULT, "EPT_MISCONFIG"},
    {50, VTDPI_EXIT_KIND_FAULT, "INVEPT"},
    {51, VTDPI_EXIT_KIND_FAULT, "RDTSCP"},
    {52, VTDPI_EXIT_KIND_EVENT, "PREEMPTION_TIMER"},
    {53, VTDPI_EXIT_KIND_FAULT, "INVVPID"},
    {54, VTDPI_EXIT_KIND_FAULT, "WBINVD"},
    {55, VTDPI_EXIT_KIND_FAULT, "XSETBV"},
    {56, VTDPI_EXIT_KIND_TRAP, "APIC_WRITE"},
    {57, VTDPI_EXIT_KIND_FAULT, "RDRAND"},
    {58, VTDPI_EXIT_KIND_FAULT, "INVPCID"},
    {59, VTDPI_EXIT_KIND_FAULT, "VMFUNC"},
    {60, VTDPI_EXIT_KIND_FAULT, "ENCLS"},
    {61, VTDPI_EXIT_KIND_FAULT, "RDSEED"},
    {62, VTDPI_EXIT_KIND_EVENT, "PML_FULL"},
    {63, VTDPI_EXIT_KIND_FAULT, "XSAVES"},
    {64, VTDPI_EXIT_KIND_FAULT, "XRSTORS"},
    {67, VTDPI_EXIT_KIND_FAULT, "UMWAIT"},
    {68, VTDPI_EXIT_KIND_FAULT, "TPAUSE"},
    {74, VTDPI_EXIT_KIND_TRAP, "BUS_LOCK"},
    {75, VTDPI_EXIT_KIND_EVENT, "NOTIFY"},
};

/* Every reason has the number, the name and the kind of the SDM's table. */
static void test_vmx_exits__each_reason__has_number_name_and_kind(void **state)
{
    (void)state;
    unsigned next = 0;
    for (unsigned number = 0; number < 200; number++) {
        bool known =
            next < sizeof exit_rows / sizeof exit_rows[0] && exit_rows[next].number == number;
        assert_int_equal(vtdpi_exit_kind(number),
                         known ? exit_rows[next].kind : VTDPI_EXIT_KIND_NONE);
        if (known) {
            assert_string_equal(vtdpi_exit_name(number), exit_rows[next].name);
        } else {
            assert_null(vtdpi_exit_name(number));
            assert_null(vtdpi_exit_name_lower(number));
        }
        next += known;
    }
    assert_int_equal(next, sizeof exit_rows / sizeof exit_rows[0]);
}

/* Statistics use the same names in lower case. */
static void test_vmx_exits__each_row__has_its_name_in_lower_case(void **state)
{
    (void)state;
#define VTDPI_VMEXIT(number, NAME, name, kind, doc)                                                \
    {                                                                                              \
        const char *upper = vtdpi_exit_name(VTDPI_EXIT_##NAME);                                    \
        const char *lower = vtdpi_exit_name_lower(VTDPI_EXIT_##NAME);                              \
        assert_int_equal(strlen(upper), strlen(lower));                                            \
        for (size_t i = 0; upper[i] != 0; i++) {                                                   \
            bool letter = upper[i] >= 'A' && upper[i] <= 'Z';                                      \
            assert_int_equal(lower[i], letter ? upper[i] + ('a' - 'A') : upper[i]);                \
        }                                                                                          \
        assert_non_null(strchr(doc, ';'));                                                         \
    }
#include "vtdpi/vmexit.def"
#undef VTDPI_VMEXIT
}

/* SDM 3C, "Information for VM Exits Due to Vectored Events": the worked value of an acknowledged
 * vector F1h, and others.
 * @shows sdm.exit.intr-info, sdm.exit.external-info */
static void test_vmx_exits__interruption_information__has_the_worked_values(void **state)
{
    (void)state;
    assert_true(vtdpi_intr_info(VTDPI_INTR_EXTERNAL, 0xF1, false) == 0x800000F1);
    assert_true(vtdpi_intr_info(VTDPI_INTR_NMI, 2, false) == 0x80000202);
    assert_true(vtdpi_intr_info(VTDPI_INTR_EXCEPTION, 13, true) == 0x80000B0D);
    assert_true(vtdpi_intr_info(VTDPI_INTR_OTHER, 0, false) == 0x80000700);
    vtdpi_ctls_t acknowledge = vtdpi_ctl_one(VTDPI_CTL_ACKNOWLEDGE_INTERRUPT_ON_EXIT);
    assert_true(vtdpi_intr_info_external(acknowledge, 0xF1) == 0x800000F1);
    assert_int_equal(vtdpi_intr_info_external(~acknowledge, 0xF1), 0);
    uint64_t info = 0x80000B0D;
    assert_int_equal(VTDPI_GET(INTR_INFO, VECTOR, &info), 13);
    assert_int_equal(VTDPI_GET(INTR_INFO, TYPE, &info), VTDPI_INTR_EXCEPTION);
    assert_int_equal(VTDPI_GET(INTR_INFO, ERROR_VALID, &info), 1);
}

/* SDM 3C, "VM-Entry Control Fields": forms of the entry interruption information that are taken,
 * and that are not.
 * @shows sdm.entry.intr-info */
static void test_vmx_exits__entry_information__is_legal_by_type(void **state)
{
    (void)state;

    static const struct {
        uint32_t info;
        bool legal;
    } rows[] = {
        {0x00000141, true},  {0x80000041, true},  {0x80000141, false}, {0x80000202, true},
        {0x80000203, false}, {0x8000030E, true},  {0x80000B0E, true},  {0x80000320, false},
        {0x80000480, true},  {0x80000501, true},  {0x80000603, true},  {0x80000700, true},
        {0x80000701, false}, {0x80000841, false}, {0x80001041, false}, {0xC0000041, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(vtdpi_intr_info_legal(rows[i].info), rows[i].legal);
    }
    for (uint32_t vector = 0; vector < 256; vector++) {
        bool code = vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
        assert_int_equal(vtdpi_intr_info_legal(0x80000B00 | vector), code);
        assert_int_equal(vtdpi_intr_info_legal(0x80000300 | vector), vector < 32);
    }
}

/* SDM 3C, "Recording VM-Exit Information and Updating VM-Entry Control Fields": all fields, and the
 * injection ends.
 * @shows sdm.exit.record, sdm.exit.injection-ends, sdm.exit.saves-rvi-svi,
 * sdm.exit.saves-timer */
static void test_vmx_exits__exit__records_everything(void **state)
{
    (void)state;
    for (unsigned vid = 0; vid < 2; vid++) {
        vtdpi_vmcs_t vmcs;
        memset(&vmcs, 0, sizeof vmcs);
        vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_VIRTUAL_INTERRUPT_DELIVERY, vid != 0);
        vmcs.entry_intr_info = 0x80000041;
        vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_SAVE_PREEMPTION_TIMER, vid != 0);
        vmcs.intr_status = 0x1122;
        vmcs.preemption_value = 100;
        vtdpi_exit_info_t info = {.qualification = 0x41,
                                  .intr_info = 0x800000F1,
                                  .intr_error_code = 2,
                                  .idt_info = 0x80000031,
                                  .idt_error_code = 3,
                                  .length = 4,
                                  .preemption_value = 60,
                                  .rvi = 0x51,
                                  .svi = 0x41};
        vtdpi_vmx_exit(&vmcs, VTDPI_EXIT_EXTERNAL_INTERRUPT, &info);
        assert_int_equal(vmcs.exit_reason, 1);
        assert_int_equal(vmcs.exit_qualification, 0x41);
        assert_true(vmcs.exit_intr_info == 0x800000F1);
        assert_int_equal(vmcs.exit_error_code, 2);
        assert_true(vmcs.idt_vectoring_info == 0x80000031);
        assert_int_equal(vmcs.idt_vectoring_error, 3);
        assert_int_equal(vmcs.exit_length, 4);
        assert_int_equal(vmcs.entry_intr_info, 0x41);
        assert_int_equal(vmcs.intr_status, vid != 0 ? 0x4151 : 0x1122);
        assert_int_equal(vmcs.preemption_value, vid != 0 ? 60 : 100);
    }
}

/* SDM 3C, "VM-Entry Failures During or After Loading Guest State": reason 33 with bit 31; the
 * injection stays valid.
 * @shows sdm.entry.failed */
static void test_vmx_exits__failed_entry__sets_bit_31(void **state)
{
    (void)state;
    vtdpi_vmcs_t vmcs;
    memset(&vmcs, 0, sizeof vmcs);
    vmcs.entry_intr_info = 0x80000041;
    vmcs.idt_vectoring_info = 7;
    vtdpi_vmx_entry_failed(&vmcs, VTDPI_EXIT_INVALID_STATE, 3);
    assert_true(vmcs.exit_reason == 0x80000021);
    assert_int_equal(vmcs.exit_qualification, 3);
    assert_true(vmcs.entry_intr_info == 0x80000041);
    assert_int_equal(vmcs.idt_vectoring_info, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vmx_exits__each_reason__has_number_name_and_kind),
        cmocka_unit_test(test_vmx_exits__each_row__has_its_name_in_lower_case),
        cmocka_unit_test(test_vmx_exits__interruption_information__has_the_worked_values),
        cmocka_unit_test(test_vmx_exits__entry_information__is_legal_by_type),
        cmocka_unit_test(test_vmx_exits__exit__records_everything),
        cmocka_unit_test(test_vmx_exits__failed_entry__sets_bit_31),
    };
    return cmocka_run_group_tests_name("vmx_exits", tests, NULL, NULL);
}

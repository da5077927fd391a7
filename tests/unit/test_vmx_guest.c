/*
 * VM entry's checks on the non-register state of the guest, row by row: the activity state against
 * what is injected, against DPL and against blocking.
 */
#include "vtdpi/vmx.h"

#include "vtd_test.h"

/* A guest with RFLAGS.IF: every check on its state holds. */
static vtdpi_vmcs_t open_vmcs(void)
{
    vtdpi_vmcs_t vmcs;
    memset(&vmcs, 0, sizeof vmcs);
    vmcs.rflags = 0x202;
    return vmcs;
}

/* SDM 3C, "Checks on Guest Non-Register State": every type with every vector it has against each
 * activity state. "Activity State": types 0 to 6 end in the active state.
 * @shows sdm.entry.inject-by-activity, sdm.entry.activity-after, sdm.entry.pending-mtf */
static void test_vmx_guest__injected_event__fits_the_activity_state(void **state)
{
    (void)state;

    enum { DB = 1, MC = 18 };

    for (unsigned word = 0; word < 8 * 256; word++) {
        unsigned type = word / 256;
        unsigned vector = word % 256;
        uint32_t info = vtdpi_intr_info((vtdpi_intr_type_t)type, (uint8_t)vector, false);
        if (!vtdpi_intr_info_legal(info)) {
            continue;
        }
        bool exception = type == VTDPI_INTR_EXCEPTION;
        bool always = type == VTDPI_INTR_NMI || (exception && vector == MC);
        bool hlt = always || type == VTDPI_INTR_EXTERNAL || (exception && vector == DB) ||
                   (type == VTDPI_INTR_OTHER && vector == 0);
        const bool admitted[4] = {true, hlt, always, false};
        for (uint32_t activity = 0; activity < 4; activity++) {
            vtdpi_vmcs_t vmcs = open_vmcs();
            vmcs.activity = activity;
            vmcs.entry_intr_info = info;
            assert_int_equal(vtdpi_vmx_check_guest(&vmcs), admitted[activity]
                                                               ? VTDPI_CHECK_NONE
                                                               : VTDPI_CHECK_INJECTION_BY_ACTIVITY);
            bool mtf = type == VTDPI_INTR_OTHER;
            assert_int_equal(vtdpi_vmx_entry_activity(&vmcs), mtf ? activity : 0);
            assert_int_equal(vtdpi_vmx_entry_mtf(&vmcs), mtf);
        }
    }
}

/* SDM 3C, "Checks on Guest Non-Register State": HLT with each DPL; each kind of blocking, alone, in
 * each activity state and with each event that it excludes.
 * @shows sdm.entry.hlt-dpl, sdm.entry.blocking-needs-active, sdm.entry.inject-unblocked,
 * sdm.entry.inject-nmi, sdm.entry.inject-virtual-nmi, sdm.entry.sti-or-mov-ss */
static void test_vmx_guest__dpl_and_blocking__fit_the_activity_state(void **state)
{
    (void)state;
    uint32_t external = vtdpi_intr_info(VTDPI_INTR_EXTERNAL, 0x41, false);
    uint32_t nmi = vtdpi_intr_info(VTDPI_INTR_NMI, 2, false);
    for (unsigned dpl = 0; dpl < 4; dpl++) {
        for (uint32_t activity = 0; activity < 4; activity++) {
            vtdpi_vmcs_t vmcs = open_vmcs();
            vmcs.activity = activity;
            vmcs.ss_access_rights = 0x93 | dpl << 5;
            bool ok = dpl == 0 || activity != VTDPI_ACTIVITY_HLT;
            assert_int_equal(vtdpi_vmx_check_guest(&vmcs),
                             ok ? VTDPI_CHECK_NONE : VTDPI_CHECK_HLT_NEEDS_DPL0);
        }
    }
    for (unsigned bit = 0; bit < 5; bit++) {
        vtdpi_vmcs_t vmcs = open_vmcs();
        vmcs.interruptibility = UINT32_C(1) << bit;
        bool sti = vmcs.interruptibility == VTDPI_BLOCK_STI;
        bool mov_ss = vmcs.interruptibility == VTDPI_BLOCK_MOV_SS;
        for (vmcs.activity = 0; vmcs.activity < 4; vmcs.activity++) {
            bool ok = vmcs.activity == VTDPI_ACTIVITY_ACTIVE || (!sti && !mov_ss);
            assert_int_equal(vtdpi_vmx_check_guest(&vmcs),
                             ok ? VTDPI_CHECK_NONE : VTDPI_CHECK_BLOCKING_NEEDS_ACTIVE);
        }
        vmcs.activity = VTDPI_ACTIVITY_ACTIVE;
        vmcs.entry_intr_info = external;
        assert_int_equal(vtdpi_vmx_check_guest(&vmcs),
                         sti || mov_ss ? VTDPI_CHECK_INJECTED_INTERRUPT_BLOCKED : VTDPI_CHECK_NONE);
        vmcs.entry_intr_info = nmi;
        assert_int_equal(vtdpi_vmx_check_guest(&vmcs),
                         mov_ss ? VTDPI_CHECK_INJECTED_NMI_BLOCKED : VTDPI_CHECK_NONE);
        vtdpi_vmcs_set_control(&vmcs, VTDPI_CTL_VIRTUAL_NMIS, true);
        bool by_nmi = vmcs.interruptibility == VTDPI_BLOCK_NMI;
        assert_int_equal(vtdpi_vmx_check_guest(&vmcs),
                         mov_ss   ? VTDPI_CHECK_INJECTED_NMI_BLOCKED
                         : by_nmi ? VTDPI_CHECK_INJECTED_NMI_VIRTUAL_BLOCKED
                                  : VTDPI_CHECK_NONE);
        vmcs = open_vmcs();
        vmcs.interruptibility = VTDPI_BLOCK_STI | VTDPI_BLOCK_MOV_SS | UINT32_C(1) << bit;
        assert_int_equal(vtdpi_vmx_check_guest(&vmcs), VTDPI_CHECK_STI_AND_MOV_SS);
    }
}

/* SDM 3C, "Checks on Guest Control Registers, Debug Registers, and MSRs": each value of the guest
 * UINV field, and that nothing is asked of it without "load UINV".
 * @shows sdm.entry.uinv */
static void test_vmx_guest__uinv__is_at_most_255_if_loaded(void **state)
{
    (void)state;
    vtdpi_vmcs_t plain = open_vmcs();
    vtdpi_vmcs_t loads = open_vmcs();
    vtdpi_vmcs_set_control(&loads, VTDPI_CTL_LOAD_UINV, true);
    for (unsigned uinv = 0; uinv <= UINT16_MAX; uinv++) {
        plain.guest_uinv = (uint16_t)uinv;
        loads.guest_uinv = (uint16_t)uinv;
        assert_int_equal(vtdpi_vmx_check_guest(&plain), VTDPI_CHECK_NONE);
        assert_int_equal(vtdpi_vmx_check_guest(&loads),
                         uinv < 256 ? VTDPI_CHECK_NONE : VTDPI_CHECK_GUEST_UINV);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vmx_guest__injected_event__fits_the_activity_state),
        cmocka_unit_test(test_vmx_guest__dpl_and_blocking__fit_the_activity_state),
        cmocka_unit_test(test_vmx_guest__uinv__is_at_most_255_if_loaded),
    };
    return cmocka_run_group_tests_name("vmx_guest", tests, NULL, NULL);
}

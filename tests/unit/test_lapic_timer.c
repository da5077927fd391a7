/*
 * Local APIC timer: divider, one-shot, periodic, TSC deadline.
 */
#include "apic_test.h"

/* SDM 3A, "APIC Timer": the eight divider codes {bit 3, bit 1, bit 0}.
 * @shows sdm.lapic.timer.divide, sdm.lapic.timer.count */
static void test_lapic_timer__divider__has_eight_values(void **state)
{
    (void)state;
    static const uint8_t codes[8] = {0x0, 0x1, 0x2, 0x3, 0x8, 0x9, 0xA, 0xB};
    static const uint8_t divisors[8] = {2, 4, 8, 16, 32, 64, 128, 1};
    for (unsigned i = 0; i < 8; i++) {
        vtdpi_lapic_t apic = enabled_lapic(0);
        (void)vtdpi_lapic_mmio_write(&apic, 0x3E0, codes[i] | 0xFFFFFFF4U);
        assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x3E0).value, codes[i]);
        assert_int_equal(vtdpi_lapic_timer_divisor(&apic), divisors[i]);
        (void)vtdpi_lapic_mmio_write(&apic, 0x380, 1000);
        assert_int_equal(vtdpi_lapic_timer_ticks(&apic), 1000U * divisors[i]);
        assert_int_equal(vtdpi_lapic_timer_current(&apic, 1000U * divisors[i]), 1000);
        assert_int_equal(vtdpi_lapic_timer_current(&apic, 1), 1);
        assert_int_equal(vtdpi_lapic_timer_current(&apic, 0), 0);
        assert_int_equal(vtdpi_lapic_timer_current(&apic, divisors[i] + 1U), 2);
    }
}

/* SDM 3A, "APIC Timer": one-shot counts once, then stays at 0 until the initial count is written
 * again.
 * @shows sdm.lapic.timer.one-shot, sdm.lapic.timer.initial */
static void test_lapic_timer__one_shot__fires_once(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_lapic(0);
    (void)vtdpi_lapic_mmio_write(&apic, 0x320, 0xEC);
    assert_int_equal(vtdpi_lapic_mmio_write(&apic, 0x380, 500).effect, VTDPI_LAPIC_DO_TIMER_ARM);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x390).effect, VTDPI_LAPIC_DO_READ_COUNT);
    assert_int_equal(vtdpi_lapic_timer_expire(&apic), VTDPI_LAPIC_SET);
    assert_int_equal(vtdpi_lapic_offer(&apic), 0xEC);
    assert_int_equal(apic.timer_armed, 0);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x390).effect, VTDPI_LAPIC_DO_NONE);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x390).value, 0);
    assert_int_equal(vtdpi_lapic_mmio_read(&apic, 0x380).value, 500);
}

/* SDM 3A, "APIC Timer": periodic reloads, so the count stays armed; a count that goes on merges in
 * IRR.
 * @shows sdm.lapic.timer.periodic */
static void test_lapic_timer__periodic__stays_armed(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_lapic(0);
    (void)vtdpi_lapic_mmio_write(&apic, 0x320, 0x200EC);
    (void)vtdpi_lapic_mmio_write(&apic, 0x380, 500);
    assert_int_equal(vtdpi_lapic_timer_mode(&apic), VTDPI_TIMER_PERIODIC);
    assert_int_equal(vtdpi_lapic_timer_expire(&apic), VTDPI_LAPIC_SET);
    assert_int_equal(apic.timer_armed, 1);
    assert_int_equal(vtdpi_lapic_timer_expire(&apic), VTDPI_LAPIC_MERGED);
}

/* SDM 3A, "APIC Timer": an initial count of 0 stops; the divider of a running count may change.
 * @shows sdm.lapic.timer.initial */
static void test_lapic_timer__initial_count_0__stops(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_lapic(0);
    assert_int_equal(vtdpi_lapic_mmio_write(&apic, 0x3E0, 0xB).effect, VTDPI_LAPIC_DO_NONE);
    (void)vtdpi_lapic_mmio_write(&apic, 0x380, 500);
    assert_int_equal(vtdpi_lapic_mmio_write(&apic, 0x3E0, 3).effect, VTDPI_LAPIC_DO_TIMER_DIVIDE);
    assert_int_equal(vtdpi_lapic_mmio_write(&apic, 0x380, 0).effect, VTDPI_LAPIC_DO_TIMER_DISARM);
    assert_int_equal(apic.timer_armed, 0);
}

/* SDM 3A, "APIC Timer": a masked timer counts on and its interrupt is lost; it is not raised when
 * the mask goes.
 * @shows sdm.lapic.timer.masked */
static void test_lapic_timer__masked__interrupt_is_lost(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_lapic(0);
    (void)vtdpi_lapic_mmio_write(&apic, 0x320, 0x100EC);
    (void)vtdpi_lapic_mmio_write(&apic, 0x380, 500);
    assert_int_equal(vtdpi_lapic_timer_expire(&apic), VTDPI_LAPIC_IGNORED);
    (void)vtdpi_lapic_mmio_write(&apic, 0x320, 0xEC);
    assert_int_equal(vtdpi_lapic_offer(&apic), -1);
}

/* SDM 3A, "TSC-Deadline Mode": the MSR arms and disarms; initial counts are ignored and the current
 * count reads 0.
 * @shows sdm.lapic.timer.deadline, sdm.lapic.timer.deadline-msr, sdm.lapic.timer.initial-deadline
 */
static void test_lapic_timer__deadline__is_armed_by_the_msr(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_x2apic(0);
    (void)vtdpi_lapic_wrmsr(&apic, 0x832, 0x400EC);
    assert_int_equal(vtdpi_lapic_wrmsr(&apic, 0x838, 500).effect, VTDPI_LAPIC_DO_NONE);
    assert_int_equal(vtdpi_lapic_rdmsr(&apic, 0x838).value, 0);
    assert_int_equal(vtdpi_lapic_rdmsr(&apic, 0x839).value, 0);
    assert_int_equal(vtdpi_lapic_wrmsr(&apic, 0x6E0, 12345).effect, VTDPI_LAPIC_DO_DEADLINE_ARM);
    assert_int_equal(vtdpi_lapic_rdmsr(&apic, 0x6E0).effect, VTDPI_LAPIC_DO_READ_DEADLINE);
    assert_int_equal(vtdpi_lapic_timer_expire(&apic), VTDPI_LAPIC_SET);
    assert_int_equal(apic.deadline_armed, 0);
    assert_int_equal(vtdpi_lapic_rdmsr(&apic, 0x6E0).effect, VTDPI_LAPIC_DO_NONE);
    assert_int_equal(vtdpi_lapic_rdmsr(&apic, 0x6E0).value, 0);
    (void)vtdpi_lapic_wrmsr(&apic, 0x6E0, 12345);
    assert_int_equal(vtdpi_lapic_wrmsr(&apic, 0x6E0, 0).effect, VTDPI_LAPIC_DO_DEADLINE_DISARM);
    assert_int_equal(apic.deadline_armed, 0);
}

/* SDM 3A, "TSC-Deadline Mode": in the other modes the MSR reads 0 and ignores writes.
 * @shows sdm.lapic.timer.deadline-msr */
static void test_lapic_timer__other_modes__ignore_the_deadline_msr(void **state)
{
    (void)state;
    for (uint32_t mode = 0; mode < 4; mode++) {
        vtdpi_lapic_t apic = enabled_lapic(0);
        (void)vtdpi_lapic_mmio_write(&apic, 0x320, 0xEC | mode << 17);
        (void)vtdpi_lapic_wrmsr(&apic, 0x6E0, 1);
        assert_int_equal(apic.deadline_armed, mode == VTDPI_TIMER_DEADLINE);
    }
}

/* SDM 3A, "TSC-Deadline Mode": a write of the LVT that changes the mode disarms; one that does not
 * leaves the timer alone.
 * @shows sdm.lapic.timer.mode-change */
static void test_lapic_timer__mode_change__disarms(void **state)
{
    (void)state;
    for (uint32_t from = 0; from < 3; from++) {
        for (uint32_t to = 0; to < 4; to++) {
            vtdpi_lapic_t apic = enabled_lapic(0);
            (void)vtdpi_lapic_mmio_write(&apic, 0x320, 0xEC | from << 17);
            (void)vtdpi_lapic_mmio_write(&apic, 0x380, 9);
            (void)vtdpi_lapic_wrmsr(&apic, 0x6E0, 9);
            assert_int_equal(apic.timer_armed + apic.deadline_armed, 1);
            vtdpi_lapic_access_t got = vtdpi_lapic_mmio_write(&apic, 0x320, 0xED | to << 17);
            assert_int_equal(apic.timer_armed + apic.deadline_armed, from == to);
            assert_int_equal(got.effect,
                             from == to ? VTDPI_LAPIC_DO_NONE : VTDPI_LAPIC_DO_TIMER_DISARM);
        }
    }
}

/* SDM 3A, "APIC Timer": the reserved mode counts nothing.
 * @shows sdm.lapic.timer.reserved-mode */
static void test_lapic_timer__reserved_mode__does_not_arm(void **state)
{
    (void)state;
    vtdpi_lapic_t apic = enabled_lapic(0);
    (void)vtdpi_lapic_mmio_write(&apic, 0x320, 0x600EC);
    assert_int_equal(vtdpi_lapic_mmio_write(&apic, 0x380, 9).effect, VTDPI_LAPIC_DO_TIMER_DISARM);
    assert_int_equal(apic.timer_armed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lapic_timer__divider__has_eight_values),
        cmocka_unit_test(test_lapic_timer__one_shot__fires_once),
        cmocka_unit_test(test_lapic_timer__periodic__stays_armed),
        cmocka_unit_test(test_lapic_timer__initial_count_0__stops),
        cmocka_unit_test(test_lapic_timer__masked__interrupt_is_lost),
        cmocka_unit_test(test_lapic_timer__deadline__is_armed_by_the_msr),
        cmocka_unit_test(test_lapic_timer__other_modes__ignore_the_deadline_msr),
        cmocka_unit_test(test_lapic_timer__mode_change__disarms),
        cmocka_unit_test(test_lapic_timer__reserved_mode__does_not_arm),
    };
    return cmocka_run_group_tests_name("lapic_timer", tests, NULL, NULL);
}

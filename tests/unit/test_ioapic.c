/*
 * IOAPIC: registers, edge and level pins, masks, remote IRR, EOIs.
 */
#include "vtdpi/ioapic.h"

#include "vtd_test.h"

enum { SELECT = 0x00, WINDOW = 0x10, EOI = 0x40, PINS = 24, HIGH = true, LOW = false };

static vtdpi_ioapic_t fresh_with(uint8_t switches)
{
    vtdpi_ioapic_t x;
    vtdpi_ioapic_init(&x, PINS, 0x20, switches);
    return x;
}

static vtdpi_ioapic_t fresh(void)
{
    return fresh_with(0);
}

static void put(vtdpi_ioapic_t *x, uint32_t index, uint32_t value)
{
    vtdpi_ioapic_write(x, SELECT, index);
    vtdpi_ioapic_write(x, WINDOW, value);
}

static uint32_t get(vtdpi_ioapic_t *x, uint32_t index)
{
    vtdpi_ioapic_write(x, SELECT, index);
    return vtdpi_ioapic_read(x, WINDOW);
}

/* The low half of the entry of [pin]. */
static uint32_t low(vtdpi_ioapic_t *x, unsigned pin)
{
    return get(x, 0x10 + 2 * pin);
}

static void put_low(vtdpi_ioapic_t *x, unsigned pin, uint32_t value)
{
    put(x, 0x10 + 2 * pin, value);
    assert_true(vtdpi_ioapic_check(x));
}

/* The pin whose request leaves, or -1. */
static int sent(vtdpi_ioapic_t *x)
{
    vtdpi_ioapic_send_t s = vtdpi_ioapic_send(x);
    assert_true(vtdpi_ioapic_check(x));
    return s.send != 0 ? s.pin : -1;
}

/* 82093AA, "I/O Redirection Table Registers", "IOAPIC Version Register": values after a reset.
 * @shows vtd.ioapic.reset, vtd.ioapic.version, vtd.ioapic.window */
static void test_ioapic__reset__masks_every_entry(void **state)
{
    (void)state;
    vtdpi_ioapic_t x = fresh();
    assert_true(vtdpi_ioapic_check(&x));
    assert_int_equal(get(&x, 0), 0);
    assert_int_equal(get(&x, 1), 0x00170020);
    for (unsigned pin = 0; pin < PINS; pin++) {
        assert_int_equal(low(&x, pin), 0x00010000);
        assert_int_equal(get(&x, 0x11 + 2 * pin), 0);
    }
    put(&x, 0, 0xFFFFFFFF);
    put_low(&x, 3, 0x41);
    vtdpi_ioapic_pin(&x, 3, HIGH);
    vtdpi_ioapic_reset(&x);
    assert_int_equal(get(&x, 0), 0);
    assert_int_equal(low(&x, 3), 0x00010000);
    assert_int_equal(sent(&x), -1);
    put_low(&x, 3, 0x8041); /* the line is still high */
    assert_int_equal(sent(&x), 3);
}

/* 82093AA, "I/O Window Register": the index selects; what is not there reads 0 and is not written.
 * @shows vtd.ioapic.window, vtd.ioapic.absent, vtd.ioapic.version, vtd.ioapic.entry */
static void test_ioapic__window__reads_and_writes_the_selected_register(void **state)
{
    (void)state;
    for (uint32_t index = 0; index < 256; index++) {
        vtdpi_ioapic_t x = fresh();
        uint32_t expected = 0;
        if (index == 0) {
            expected = 0x0F000000;
        } else if (index == 1) {
            expected = 0x00170020;
        } else if (index >= 0x10 && index < 0x10 + 2 * PINS) {
            expected = (index & 1) != 0 ? 0xFFFF0000 : 0x0001AFFF;
        }
        put(&x, index | 0xABCDEF00, 0xFFFFFFFF);
        assert_int_equal(vtdpi_ioapic_read(&x, SELECT), index);
        assert_int_equal(vtdpi_ioapic_read(&x, WINDOW), expected);
        assert_true(vtdpi_ioapic_check(&x));
    }
    for (uint32_t offset = 0; offset < 0x100; offset += 4) {
        vtdpi_ioapic_t x = fresh();
        vtdpi_ioapic_t before = x;
        vtdpi_ioapic_write(&x, offset, 0x40);
        bool there = offset == SELECT;
        assert_int_equal(memcmp(&x, &before, sizeof x) != 0, there);
        assert_int_equal(vtdpi_ioapic_read(&x, offset), there ? 0x40 : 0);
    }
}

/* 82093AA, "I/O Redirection Table Registers": an edge requests once; delivery status shows it until
 * it leaves; polarity says which edge.
 * @shows vtd.ioapic.edge, vtd.ioapic.status, vtd.ioapic.polarity, vtd.ioapic.trigger */
static void test_ioapic__edge__requests_once(void **state)
{
    (void)state;
    for (uint32_t polarity = 0; polarity < 2; polarity++) {
        vtdpi_ioapic_t x = fresh();
        bool active = polarity == 0;
        vtdpi_ioapic_pin(&x, 5, !active);
        put_low(&x, 5, polarity << 13 | 0x41);
        assert_int_equal(sent(&x), -1);
        vtdpi_ioapic_pin(&x, 5, active);
        assert_int_equal(low(&x, 5), 0x1041 | polarity << 13);
        vtdpi_ioapic_pin(&x, 5, active);
        vtdpi_ioapic_pin(&x, 5, !active); /* what is due stays due */
        assert_int_equal(sent(&x), 5);
        assert_int_equal(low(&x, 5), 0x0041 | polarity << 13);
        assert_int_equal(sent(&x), -1);
        vtdpi_ioapic_pin(&x, 5, active);
        vtdpi_ioapic_eoi(&x, 0x41);
        assert_int_equal(sent(&x), 5);
        vtdpi_ioapic_pin(&x, 5, !active); /* the other edge requests nothing */
        assert_int_equal(sent(&x), -1);
    }
}

/* 82093AA, "I/O Redirection Table Registers": edges of a masked pin are lost, and the mask
 * withdraws what has not left; writes make no edge.
 * @shows vtd.ioapic.mask, vtd.ioapic.withdrawn, vtd.ioapic.to-edge */
static void test_ioapic__masked_edge__is_lost(void **state)
{
    (void)state;
    vtdpi_ioapic_t x = fresh();
    vtdpi_ioapic_pin(&x, 0, HIGH);
    put_low(&x, 0, 0x41);
    assert_int_equal(sent(&x), -1);
    vtdpi_ioapic_pin(&x, 0, LOW);
    vtdpi_ioapic_pin(&x, 0, HIGH);
    put_low(&x, 0, 0x42);
    assert_int_equal(low(&x, 0), 0x1042);
    put_low(&x, 0, 0x10042);
    put_low(&x, 0, 0x42);
    assert_int_equal(sent(&x), -1);
    put_low(&x, 0, 0x2042); /* active high to active low, at a high line, and back */
    put_low(&x, 0, 0x0042);
    assert_int_equal(sent(&x), -1);
}

/* 82093AA, "I/O Redirection Table Registers": a level pin requests, is silent while remote IRR is
 * 1, and requests again at the EOI while it is asserted.
 * @shows vtd.ioapic.level-pin, vtd.ioapic.remote-irr, vtd.ioapic.eoi, vtd.ioapic.polarity */
static void test_ioapic__level__is_sent_again_after_eoi_while_asserted(void **state)
{
    (void)state;
    for (uint32_t polarity = 0; polarity < 2; polarity++) {
        uint32_t entry = 0x8061 | polarity << 13;
        bool active = polarity == 0;
        vtdpi_ioapic_t x = fresh();
        vtdpi_ioapic_pin(&x, 9, !active);
        put_low(&x, 9, entry);
        assert_int_equal(sent(&x), -1);
        vtdpi_ioapic_pin(&x, 9, active);
        assert_int_equal(low(&x, 9), entry | 0x1000);
        assert_int_equal(sent(&x), 9);
        assert_int_equal(low(&x, 9), entry | 0x4000);
        vtdpi_ioapic_pin(&x, 9, !active);
        vtdpi_ioapic_pin(&x, 9, active);
        assert_int_equal(sent(&x), -1);
        vtdpi_ioapic_eoi(&x, 0x62);
        assert_int_equal(sent(&x), -1);
        vtdpi_ioapic_eoi(&x, 0x61);
        assert_int_equal(sent(&x), 9);
        vtdpi_ioapic_pin(&x, 9, !active);
        vtdpi_ioapic_eoi(&x, 0x61);
        assert_int_equal(low(&x, 9), entry);
        assert_int_equal(sent(&x), -1);
    }
}

/* 82093AA, "I/O Redirection Table Registers": a level request is withdrawn by deassertion and by
 * the mask; unmasking an asserted pin requests; a masked one is silent after its EOI.
 * @shows vtd.ioapic.level-pin, vtd.ioapic.withdrawn, vtd.ioapic.mask */
static void test_ioapic__level__follows_pin_and_mask_until_it_leaves(void **state)
{
    (void)state;
    vtdpi_ioapic_t x = fresh();
    vtdpi_ioapic_pin(&x, 2, HIGH);
    put_low(&x, 2, 0x18061);
    assert_int_equal(sent(&x), -1);
    put_low(&x, 2, 0x8061);
    assert_int_equal(low(&x, 2), 0x9061);
    vtdpi_ioapic_pin(&x, 2, LOW);
    assert_int_equal(low(&x, 2), 0x8061);
    vtdpi_ioapic_pin(&x, 2, HIGH);
    put_low(&x, 2, 0x18061);
    assert_int_equal(sent(&x), -1);
    put_low(&x, 2, 0x8061);
    assert_int_equal(sent(&x), 2);
    put_low(&x, 2, 0x18061);
    assert_int_equal(low(&x, 2), 0x1C061);
    vtdpi_ioapic_eoi(&x, 0x61);
    assert_int_equal(low(&x, 2), 0x18061);
    assert_int_equal(sent(&x), -1);
}

/* 82093AA, "EOI Register": the write is an EOI from version 20h on, and nothing before; every level
 * entry of the vector is reset, no edge entry.
 * @shows vtd.ioapic.eoi-register, vtd.ioapic.eoi */
static void test_ioapic__eoi_register__ends_the_vector_of_every_level_entry(void **state)
{
    (void)state;
    for (uint8_t version = 0x11; version <= 0x20; version += 0xF) {
        vtdpi_ioapic_t x;
        vtdpi_ioapic_init(&x, VTDPI_IOAPIC_PINS_MAX, version, 0);
        put_low(&x, 1, 0x8061);
        put_low(&x, 80, 0x8061);
        put_low(&x, 3, 0x8062);
        put_low(&x, 4, 0x0061);
        vtdpi_ioapic_pin(&x, 80, HIGH);
        vtdpi_ioapic_pin(&x, 4, HIGH);
        vtdpi_ioapic_pin(&x, 3, HIGH);
        vtdpi_ioapic_pin(&x, 1, HIGH);
        assert_int_equal(sent(&x), 1);
        assert_int_equal(sent(&x), 3);
        assert_int_equal(sent(&x), 4);
        assert_int_equal(sent(&x), 80);
        assert_int_equal(sent(&x), -1);
        vtdpi_ioapic_write(&x, EOI, 0xFFFFFF61);
        bool has = version == 0x20;
        assert_int_equal(vtdpi_ioapic_read(&x, EOI), 0);
        assert_int_equal(sent(&x), has ? 1 : -1);
        assert_int_equal(sent(&x), has ? 80 : -1);
        assert_int_equal(sent(&x), -1);
        vtdpi_ioapic_eoi(&x, 0x62);
        assert_int_equal(sent(&x), 3);
    }
}

/* VT-d, "Programming of Interrupt Remapping in IOxAPICs": the request of both forms of an entry,
 * and an EOI that matches bits 7:0 of the remappable form.
 * @shows vtd.ioapic.request, vtd.ioapic.remappable, vtd.ioapic.level, vtd.ioapic.entry,
 * vtd.ioapic.eoi, vtd.ioapic.trigger */
static void test_ioapic__request__is_what_the_entry_says(void **state)
{
    (void)state;
    vtdpi_ioapic_t x = fresh();
    put(&x, 0x11, 0x05000000);
    put_low(&x, 0, 0x0931);
    vtdpi_ioapic_pin(&x, 0, HIGH);
    vtdpi_ioapic_send_t s = vtdpi_ioapic_send(&x);
    assert_int_equal(s.send, 1);
    assert_int_equal(s.level, 0);
    assert_true(s.msi.addr == 0xFEE0500C);
    assert_int_equal(s.msi.data, 0x4131);
    uint64_t rte = vtdpi_msi_rte_make(0x8123, true, 0x55);
    put(&x, 0x13, (uint32_t)(rte >> 32));
    put_low(&x, 1, (uint32_t)rte);
    vtdpi_ioapic_pin(&x, 1, HIGH);
    s = vtdpi_ioapic_send(&x);
    assert_int_equal(s.pin, 1);
    assert_int_equal(s.level, 1);
    vtdpi_msi_request_t request = vtdpi_msi_decode(s.msi);
    assert_int_equal(request.remappable, 1);
    assert_int_equal(request.shv, 0);
    assert_int_equal(request.index, 0x8123);
    assert_int_equal(sent(&x), -1);
    vtdpi_ioapic_eoi(&x, 0x55);
    assert_int_equal(sent(&x), 1);
}

/* VT-d, "Programming of Interrupt Remapping in IOxAPICs": bits 63:48 and 11 of an entry are address
 * bits 19:4 and 2; address bit 3 is 1 for bits 10:8 = 001b alone, in either form; bits 10:8 and 7:0
 * are those of the data.
 * @shows vtd.ioapic.request, vtd.ioapic.level */
static void test_ioapic__each_delivery_mode__sets_address_bit_3_for_lowest_alone(void **state)
{
    (void)state;
    for (uint32_t mode = 0; mode < 8; mode++) {
        for (uint32_t bits = 0; bits < 4; bits++) {
            vtdpi_ioapic_t x = fresh();
            uint32_t high = (bits & 1) != 0 ? 0xA5C3 : 0x5A3C; /* bit 48: the form */
            uint32_t dm = bits >> 1;
            put(&x, 0x11, high << 16);
            put_low(&x, 0, dm << 11 | mode << 8 | 0x61);
            vtdpi_ioapic_pin(&x, 0, HIGH);
            vtdpi_ioapic_send_t s = vtdpi_ioapic_send(&x);
            assert_int_equal(s.send, 1);
            uint32_t rh = mode == VTDPI_DLM_LOWEST;
            assert_true(s.msi.addr == (0xFEE00000 | high << 4 | rh << 3 | dm << 2));
            assert_int_equal(s.msi.data, 0x4061 | mode << 8);
        }
    }
}

/* 82093AA, "I/O Redirection Table Registers": only fixed and lowest priority are level-triggered in
 * compatibility form; bits 10:8 do not matter in remappable form.
 * @shows vtd.ioapic.edge-modes, vtd.ioapic.trigger */
static void test_ioapic__each_delivery_mode__is_level_or_edge(void **state)
{
    (void)state;
    for (uint32_t mode = 0; mode < 8; mode++) {
        for (uint32_t form = 0; form < 2; form++) {
            vtdpi_ioapic_t x = fresh();
            put(&x, 0x11, form << 16);
            put_low(&x, 0, 0x8061 | mode << 8);
            vtdpi_ioapic_pin(&x, 0, HIGH);
            vtdpi_ioapic_send_t s = vtdpi_ioapic_send(&x);
            bool level = form != 0 || mode < 2;
            assert_int_equal(s.send, 1);
            assert_int_equal(s.level, level);
            assert_int_equal(s.msi.data >> 15 & 1, level);
            assert_int_equal(low(&x, 0) >> 14 & 1, level);
        }
    }
}

/* 82093AA, "I/O Redirection Table Registers": turning an entry to edge and back clears remote IRR;
 * an asserted pin requests then, once more.
 * @shows vtd.ioapic.to-edge, vtd.ioapic.remote-irr */
static void test_ioapic__edge_and_back__clears_remote_irr(void **state)
{
    (void)state;
    vtdpi_ioapic_t x = fresh();
    put_low(&x, 7, 0x8061);
    vtdpi_ioapic_pin(&x, 7, HIGH);
    assert_int_equal(sent(&x), 7);
    put_low(&x, 7, 0x8061); /* a write of the same entry keeps it */
    assert_int_equal(low(&x, 7), 0xC061);
    put_low(&x, 7, 0x0061);
    assert_int_equal(low(&x, 7), 0x0061);
    put_low(&x, 7, 0x8061);
    assert_int_equal(low(&x, 7), 0x9061);
    put_low(&x, 7, 0x0061); /* the request was the level's */
    assert_int_equal(sent(&x), -1);
}

/* 82093AA, "I/O Redirection Table Registers": a blocked level request leaves remote IRR at 1 by
 * default; with the switch at 0, and the pin is tried again at its next evaluation.
 * @shows vtd.ioapic.remote-irr, vtd.ioapic.rirr-on-accept */
static void test_ioapic__blocked_request__follows_the_switch(void **state)
{
    (void)state;
    vtdpi_ioapic_t x = fresh();
    put_low(&x, 7, 0x8061);
    vtdpi_ioapic_pin(&x, 7, HIGH);
    assert_int_equal(sent(&x), 7);
    vtdpi_ioapic_outcome(&x, 7, false);
    assert_int_equal(low(&x, 7), 0xC061);
    put_low(&x, 7, 0x8061);
    assert_int_equal(sent(&x), -1);

    x = fresh_with(VTDPI_IOAPIC_RIRR_ON_ACCEPT);
    put_low(&x, 7, 0x8061);
    vtdpi_ioapic_pin(&x, 7, HIGH);
    assert_int_equal(sent(&x), 7);
    vtdpi_ioapic_outcome(&x, 7, false);
    assert_int_equal(low(&x, 7), 0x8061);
    assert_int_equal(sent(&x), -1); /* nothing evaluates it */
    put_low(&x, 7, 0x8061);
    assert_int_equal(sent(&x), 7);
    vtdpi_ioapic_outcome(&x, 7, true);
    assert_int_equal(low(&x, 7), 0xC061);
    put_low(&x, 7, 0x8061);
    assert_int_equal(sent(&x), -1);
    vtdpi_ioapic_eoi(&x, 0x61);
    assert_int_equal(sent(&x), 7);
    vtdpi_ioapic_outcome(&x, 7, false);
    vtdpi_ioapic_pin(&x, 7, LOW);
    vtdpi_ioapic_pin(&x, 7, HIGH);
    assert_int_equal(sent(&x), 7);
    put_low(&x, 7, 0x0061); /* edge meanwhile: there is no remote IRR to set */
    vtdpi_ioapic_outcome(&x, 7, true);
    assert_int_equal(low(&x, 7), 0x0061);
}

/* Invariants are seen to break. */
static void test_ioapic__check__finds_broken_state(void **state)
{
    (void)state;
    static const uint64_t entries[] = {0x0000000100010000, 0x8061 | 0x5000, 0x11061, 0x4061};
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        vtdpi_ioapic_t bad = fresh();
        bad.rte[3] = entries[i];
        assert_false(vtdpi_ioapic_check(&bad));
    }
    vtdpi_ioapic_t bad = fresh();
    bad.rte[PINS] = 0x10000;
    assert_false(vtdpi_ioapic_check(&bad));
    bad = fresh();
    bad.id = 1;
    assert_false(vtdpi_ioapic_check(&bad));
    bad = fresh();
    bad.pins = VTDPI_IOAPIC_PINS_MAX + 1;
    assert_false(vtdpi_ioapic_check(&bad));
    bad.pins = 0;
    assert_false(vtdpi_ioapic_check(&bad));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ioapic__reset__masks_every_entry),
        cmocka_unit_test(test_ioapic__window__reads_and_writes_the_selected_register),
        cmocka_unit_test(test_ioapic__edge__requests_once),
        cmocka_unit_test(test_ioapic__masked_edge__is_lost),
        cmocka_unit_test(test_ioapic__level__is_sent_again_after_eoi_while_asserted),
        cmocka_unit_test(test_ioapic__level__follows_pin_and_mask_until_it_leaves),
        cmocka_unit_test(test_ioapic__eoi_register__ends_the_vector_of_every_level_entry),
        cmocka_unit_test(test_ioapic__request__is_what_the_entry_says),
        cmocka_unit_test(test_ioapic__each_delivery_mode__sets_address_bit_3_for_lowest_alone),
        cmocka_unit_test(test_ioapic__each_delivery_mode__is_level_or_edge),
        cmocka_unit_test(test_ioapic__edge_and_back__clears_remote_irr),
        cmocka_unit_test(test_ioapic__blocked_request__follows_the_switch),
        cmocka_unit_test(test_ioapic__check__finds_broken_state),
    };
    return cmocka_run_group_tests_name("ioapic", tests, NULL, NULL);
}

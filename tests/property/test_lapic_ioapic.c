/*
 * Level- and edge-triggered pins of an IOAPIC whose requests go to a local APIC: random pins,
 * acknowledgements and EOIs. What holds after each of them:
 *
 *   I1  vtdpi_ioapic_check, vtdpi_lapic_check.
 *   I2  A level-triggered pin that is asserted and unmasked is never forgotten: its request is due,
 *       or remote IRR is 1 and its vector is in IRR or in ISR, so that an EOI will come.
 *   I3  Remote IRR is 1 only while the vector is in IRR or in ISR.
 *   I4  A pin has at most one request under way.
 *
 * With EOI broadcasts suppressed, software writes the EOI register after each EOI.
 * Rules: 82093AA, "I/O Redirection Table Registers"; SDM 3A, "Signaling Interrupt Servicing
 * Completion".
 */
#include "vtdpi/ioapic.h"
#include "vtdpi/lapic_access.h"

#include "cmocka_all.h"

#include <string.h>

enum { SEEDS = 2000, OPERATIONS = 400, PINS = 12, RIRR = 0x4000, STATUS = 0x1000, LEVEL = 0x8000 };

typedef struct {
    vtdpi_ioapic_t ioapic;
    vtdpi_lapic_t apic;
    bool suppressed; /* SVR.12: software ends a vector at the IOAPIC itself */
    unsigned sent;
    unsigned broken; /* number of the invariant, 0: none */
} bench_t;

static uint64_t lcg;

static uint32_t below(uint32_t n)
{
    lcg = (lcg * UINT64_C(6364136223846793005)) + UINT64_C(1442695040888963407);
    return (uint32_t)(lcg >> 33) % n;
}

static void require(bench_t *b, bool holds, unsigned invariant)
{
    if (!holds && b->broken == 0) {
        b->broken = invariant;
    }
}

/* Vectors differ by pin, so that what is pending tells whose it is. */
static uint8_t vector_of(unsigned pin)
{
    return (uint8_t)(0x30 + 0x11 * pin);
}

static void write_entry(bench_t *b, unsigned pin, uint32_t bits)
{
    vtdpi_ioapic_write(&b->ioapic, VTDPI_IOAPIC_REG_SELECT, VTDPI_IOAPIC_INDEX_RTE_LOW + 2 * pin);
    vtdpi_ioapic_write(&b->ioapic, VTDPI_IOAPIC_REG_WINDOW, bits | vector_of(pin));
}

/* A fresh pair: even pins are level-triggered, every third one is active low. */
static bench_t fresh(uint8_t switches)
{
    bench_t b;
    memset(&b, 0, sizeof b);
    b.suppressed = below(2) != 0;
    vtdpi_ioapic_init(&b.ioapic, PINS, VTDPI_IOAPIC_VERSION_EOI, switches);
    vtdpi_lapic_init(&b.apic, 0, true, 0);
    (void)vtdpi_lapic_mmio_write(&b.apic, VTDPI_LAPIC_REG_SVR, b.suppressed ? 0x11FF : 0x1FF);
    for (unsigned pin = 0; pin < PINS; pin++) {
        bool low_active = pin % 3 == 0;
        vtdpi_ioapic_pin(&b.ioapic, pin, low_active);
        write_entry(&b, pin, (pin % 2 == 0 ? LEVEL : 0U) | (low_active ? 0x2000U : 0));
    }
    return b;
}

static bool asserted(const bench_t *b, unsigned pin)
{
    return ((b->ioapic.line[0] >> pin & 1) != 0) != (pin % 3 == 0);
}

static bool under_way(const bench_t *b, unsigned pin)
{
    return vtdpi_set_has(b->apic.irr, vector_of(pin)) || vtdpi_set_has(b->apic.isr, vector_of(pin));
}

static void send(bench_t *b)
{
    vtdpi_ioapic_send_t s = vtdpi_ioapic_send(&b->ioapic);
    if (s.send == 0) {
        return;
    }
    vtdpi_intr_msg_t msg = vtdpi_msi_compat_decode(s.msi);
    assert_int_equal(msg.vector, vector_of(s.pin));
    assert_int_equal(msg.trigger_mode, s.pin % 2 == 0);
    bool blocked = (b->ioapic.switches & VTDPI_IOAPIC_RIRR_ON_ACCEPT) != 0 && below(4) == 0;
    if (!blocked) {
        require(b, s.level == 0 || !under_way(b, s.pin), 4);
        (void)vtdpi_lapic_accept(&b->apic, &msg);
    }
    vtdpi_ioapic_outcome(&b->ioapic, s.pin, !blocked);
    b->sent++;
}

static void eoi(bench_t *b)
{
    vtdpi_lapic_eoi_t done = vtdpi_lapic_eoi(&b->apic);
    if (done.broadcast != 0) {
        vtdpi_ioapic_eoi(&b->ioapic, (uint8_t)done.vector);
    } else if (done.vector >= 0 && b->suppressed) {
        vtdpi_ioapic_write(&b->ioapic, VTDPI_IOAPIC_REG_EOI, (uint32_t)done.vector);
    }
}

static void operate(bench_t *b)
{
    unsigned pin = below(PINS);
    switch (below(6)) {
    case 0:
    case 1:
        vtdpi_ioapic_pin(&b->ioapic, pin, below(2) != 0);
        break;
    case 2:
        (void)vtdpi_lapic_acknowledge(&b->apic);
        break;
    case 3:
        eoi(b);
        break;
    case 4:
        write_entry(b, pin,
                    (uint32_t)(b->ioapic.rte[pin] & 0xA000) | (below(2) == 0 ? 0x10000U : 0));
        break;
    default:
        send(b);
        break;
    }
}

static void check(bench_t *b, unsigned seed, unsigned operation)
{
    require(b, vtdpi_ioapic_check(&b->ioapic) && vtdpi_lapic_check(&b->apic), 1);
    for (unsigned pin = 0; pin < PINS; pin += 2) {
        uint64_t rte = b->ioapic.rte[pin];
        bool due = (rte & STATUS) != 0, held = (rte & RIRR) != 0;
        bool wants = asserted(b, pin) && (rte & 0x10000) == 0;
        bool exact = (b->ioapic.switches & VTDPI_IOAPIC_RIRR_ON_ACCEPT) == 0;
        require(b, !wants || due || held || !exact, 2);
        require(b, !held || under_way(b, pin), 3);
    }
    if (b->broken != 0) {
        print_error("seed %u, operation %u: I%u does not hold\n", seed, operation, b->broken);
    }
    assert_int_equal(b->broken, 0);
}

/* Nothing is masked, and everything is served until the pins are inactive and nothing is left. */
static void drain(bench_t *b)
{
    for (unsigned pin = 0; pin < PINS; pin++) {
        write_entry(b, pin, (uint32_t)(b->ioapic.rte[pin] & 0xA000));
        vtdpi_ioapic_pin(&b->ioapic, pin, pin % 3 == 0);
    }
    for (unsigned turn = 0; turn < 8 * PINS; turn++) {
        send(b);
        (void)vtdpi_lapic_acknowledge(&b->apic);
        eoi(b);
    }
    assert_int_equal(vtdpi_ioapic_send(&b->ioapic).send, 0);
    assert_int_equal(vtdpi_set_highest(b->apic.irr), -1);
    for (unsigned pin = 0; pin < PINS; pin++) {
        assert_int_equal(b->ioapic.rte[pin] & (RIRR | STATUS), 0);
    }
}

/* 82093AA, "I/O Redirection Table Registers": I1 to I4 after every operation, and quiet at the end;
 * with broadcasts and with directed EOIs, and with either meaning of remote IRR.
 * @shows vtd.ioapic.level-pin, vtd.ioapic.edge, vtd.ioapic.remote-irr, vtd.ioapic.rirr-on-accept,
 * vtd.ioapic.eoi, vtd.ioapic.eoi-register, vtd.ioapic.status, sdm.lapic.eoi.broadcast,
 * sdm.lapic.eoi.suppress */
static void test_lapic_ioapic__level_pins__are_never_forgotten(void **state)
{
    (void)state;
    unsigned sent = 0;
    print_message("seeds 1 to %u, %u operations each\n", (unsigned)SEEDS, (unsigned)OPERATIONS);
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        lcg = seed;
        bench_t b = fresh(seed % 4 == 0 ? VTDPI_IOAPIC_RIRR_ON_ACCEPT : 0);
        for (unsigned operation = 0; operation < OPERATIONS; operation++) {
            operate(&b);
            check(&b, seed, operation);
        }
        drain(&b);
        check(&b, seed, OPERATIONS);
        sent += b.sent;
    }
    print_message("%u requests sent\n", sent);
    assert_true(sent > SEEDS * 10);
}

/* What a write of the selected entry may change of its read-only bits: remote IRR and delivery
 * status are never set by the value, remote IRR never at all. */
static bool write_keeps(const vtdpi_ioapic_t *before, const vtdpi_ioapic_t *after)
{
    bool keeps = true;
    for (unsigned pin = 0; pin < before->pins; pin++) {
        keeps = keeps && ((after->rte[pin] & ~before->rte[pin]) & RIRR) == 0;
    }
    return keeps && memcmp(before->line, after->line, sizeof before->line) == 0 &&
           before->pins == after->pins && before->version == after->version;
}

static bool any_access(vtdpi_ioapic_t *x)
{
    static const uint32_t offsets[] = {VTDPI_IOAPIC_REG_SELECT, VTDPI_IOAPIC_REG_WINDOW,
                                       VTDPI_IOAPIC_REG_WINDOW, VTDPI_IOAPIC_REG_EOI};
    vtdpi_ioapic_t before = *x;
    uint32_t offset = below(16) == 0 ? below(VTDPI_IOAPIC_PAGE) : offsets[below(4)];
    uint32_t value = below(UINT32_MAX);
    if (offset == VTDPI_IOAPIC_REG_SELECT && below(4) != 0) {
        value = VTDPI_IOAPIC_INDEX_RTE_LOW + below(2 * x->pins);
    } else if (offset == VTDPI_IOAPIC_REG_WINDOW) {
        value &= below(2) == 0 ? UINT32_MAX : 0xFFFE78FF; /* unmasked, fixed: often enough */
    }
    vtdpi_ioapic_write(x, offset, value);
    bool kept = write_keeps(&before, x);
    before = *x;
    (void)vtdpi_ioapic_read(x, below(VTDPI_IOAPIC_PAGE));
    return kept && memcmp(&before, x, sizeof before) == 0;
}

static bool any_operation(vtdpi_ioapic_t *x)
{
    unsigned pin = below(x->pins);
    vtdpi_ioapic_t before = *x;
    vtdpi_ioapic_send_t s;
    switch (below(8)) {
    case 0:
    case 1:
        vtdpi_ioapic_pin(x, pin, below(2) != 0);
        return true;
    case 2:
        vtdpi_ioapic_eoi(x, (uint8_t)x->rte[pin]);
        return true;
    case 3:
        s = vtdpi_ioapic_send(x);
        if (s.send != 0) {
            vtdpi_ioapic_outcome(x, s.pin, below(2) != 0);
        }
        return s.send != 0 ? (before.rte[s.pin] & STATUS) != 0
                           : memcmp(&before, x, sizeof before) == 0;
    default:
        return any_access(x);
    }
}

/* 82093AA, "I/O Redirection Table Registers": after any access and any pin the state is one that
 * the rules allow, reads change nothing, and read-only bits are not written.
 * @shows vtd.ioapic.entry, vtd.ioapic.window, vtd.ioapic.absent, vtd.ioapic.status */
static void test_lapic_ioapic__any_accesses__keep_the_invariants(void **state)
{
    (void)state;
    print_message("seeds 1 to %u, %u operations each\n", (unsigned)SEEDS, (unsigned)OPERATIONS);
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        lcg = seed;
        vtdpi_ioapic_t x;
        uint8_t pins = (uint8_t)(1 + below(VTDPI_IOAPIC_PINS_MAX));
        vtdpi_ioapic_init(&x, pins, below(2) == 0 ? 0x11 : 0x20, (uint8_t)below(2));
        for (unsigned operation = 0; operation < OPERATIONS; operation++) {
            bool holds = any_operation(&x) && vtdpi_ioapic_check(&x);
            if (!holds) {
                print_error("seed %u, operation %u\n", seed, operation);
            }
            assert_true(holds);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lapic_ioapic__level_pins__are_never_forgotten),
        cmocka_unit_test(test_lapic_ioapic__any_accesses__keep_the_invariants),
    };
    return cmocka_run_group_tests_name("lapic_ioapic", tests, NULL, NULL);
}

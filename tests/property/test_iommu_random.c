/*
 * The remapping unit under random traffic: requests, entries and descriptors that software changes,
 * registers, the queue. After each operation the unit's invariants hold, and each request went as
 * one of the entries says that memory has held since the last invalidation: an entry may be old,
 * never invented.
 *
 * The expectations are typed in by hand from the manual's tables, not taken from the unit's rules.
 * VTDPI_SEED sets the first seed, VTDPI_RANDOM_SEEDS their number.
 */
#include "iommu_want.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    SEEDS = 400,
    STEPS = 400,
    INDEXES = 32,
    VERSIONS = 12,
    PIDS = 4,
    TABLES = 2,
    TABLE_BYTES = 0x1000,
    LEVELS = 0x6800000, /**< QIE, IRE, CFI */
};

/** The entries of one index that the unit may use. */
typedef struct {
    unsigned count;
    uint64_t entry[VERSIONS][2];
} versions_t;

/** The bench, and what the test knows about it. */
typedef struct {
    bench_t b;
    versions_t versions[INDEXES];
    uint64_t base;
    unsigned s;
    bool eime;
    unsigned next; /**< fault recording register that is filled next */
    uint64_t seed;
    uint64_t random;
    unsigned step;
    unsigned sent, posted, notified, blocked, hits, events;
} run_t;

static run_t run;
static bench_t before;

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            print_error("VTDPI_SEED=%llu step %u: %s\n", (unsigned long long)run.seed, run.step,   \
                        #cond);                                                                    \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

/* xorshift, 64 bits. */
static uint64_t draw(void)
{
    run.random ^= run.random << 13;
    run.random ^= run.random >> 7;
    run.random ^= run.random << 17;
    return run.random;
}

static unsigned below(unsigned n)
{
    return (unsigned)((draw() >> 20) % n);
}

static bool chance(unsigned percent)
{
    return below(100) < percent;
}

/* --- what the unit may know --- */

static uint64_t *table_entry(bench_t *b, unsigned index)
{
    return bench_word(b, run.base + (16 * (uint64_t)index));
}

static bool version_has(const versions_t *v, const uint64_t entry[2])
{
    for (unsigned i = 0; i < v->count; i++) {
        if (v->entry[i][0] == entry[0] && v->entry[i][1] == entry[1]) {
            return true;
        }
    }
    return false;
}

/** What memory holds for [index] may be read from here on. */
static void version_add(unsigned index)
{
    const uint64_t *entry = table_entry(&run.b, index);
    versions_t *v = &run.versions[index];
    if (entry != NULL && !version_has(v, entry)) {
        CHECK(v->count < VERSIONS);
        memcpy(v->entry[v->count++], entry, sizeof v->entry[0]);
    }
}

/** An invalidation: only what memory holds may be used. */
static void versions_forget(unsigned iidx, unsigned im, bool all)
{
    for (unsigned i = 0; i < INDEXES; i++) {
        if (all || (uint64_t)i >> im == (uint64_t)iidx >> im) {
            run.versions[i].count = 0;
            version_add(i);
        }
    }
}

static bool versions_full(void)
{
    for (unsigned i = 0; i < INDEXES; i++) {
        if (run.versions[i].count == VERSIONS) {
            return true;
        }
    }
    return false;
}

static void versions_room(void)
{
    if (versions_full()) {
        vtdpi_iec_invalidate_all(run.b.x.iec, &run.b.x.cfg);
        versions_forget(0, 0, true);
    }
}

/* --- invariants --- */

static void check_cache(void)
{
    for (uint32_t i = 0; i < run.b.x.cfg.iec_entries; i++) {
        const vtdpi_iec_entry_t *slot = &run.b.x.iec[i];
        CHECK(slot->valid <= 1);
        for (uint32_t j = 0; j < i && slot->valid != 0; j++) {
            CHECK(run.b.x.iec[j].valid == 0 || run.b.x.iec[j].index != slot->index);
        }
        if (slot->valid != 0) {
            CHECK(slot->index < INDEXES);
            CHECK(version_has(&run.versions[slot->index], slot->irte));
        }
    }
}

static void check_unit(void)
{
    const fixture_t *x = &run.b.x;
    uint64_t fsts = peek(x, VTDPI_REG_FSTS);
    uint64_t fectl = peek(x, VTDPI_REG_FECTL), iectl = peek(x, VTDPI_REG_IECTL);
    uint64_t iqh = peek(x, VTDPI_REG_IQH);
    bool wide = (peek(x, VTDPI_REG_IQA) & 0x800) != 0;
    bool any = false;
    for (unsigned n = 0; n < x->cfg.frcd_count; n++) {
        any = any || x->unit.arch.frcd[n][1] >> 63 != 0;
    }
    CHECK(vtdpi_iommu_check(&x->unit, &x->cfg));
    CHECK(((fsts & 2) != 0) == any);
    CHECK((fectl & 0xC0000000) != 0x40000000 && (iectl & 0xC0000000) != 0x40000000);
    CHECK((fectl & 0x40000000) == 0 || (fsts & 0x73) != 0);
    CHECK(iqh < 0x80000 && iqh % (wide ? 32 : 16) == 0);
    bool stopped = (fsts & 0x50) != 0 || (peek(x, VTDPI_REG_GSTS) & GCMD_QIE) == 0;
    CHECK(!stopped || vtdpi_iommu_queue_next(&x->unit, &x->cfg).kind == VTDPI_QUEUE_IDLE);
    CHECK(x->unit.arch.irta_base == run.base && x->unit.arch.irta_s == run.s &&
          x->unit.arch.eime == run.eime);
    CHECK(x->unit.uarch.fault_next == run.next);
    check_cache();
}

/* --- requests --- */

/** Whether the fault was recorded, or not, as it had to be. */
static void check_record(const bench_result_t *r, bool record)
{
    const vtdpi_iommu_cfg_t *cfg = &run.b.x.cfg;
    const vtdpi_iommu_t *was = &before.x.unit;
    bool pfo = (was->arch.reg[VTDPI_REG_FSTS] & 1) != 0;
    bool merged = false;
    for (unsigned n = 0; n < cfg->frcd_count && cfg->fault_collapse; n++) {
        merged = merged || (was->arch.frcd[n][1] >> 63 != 0 &&
                            (uint16_t)was->arch.frcd[n][1] == r->fault.sid);
    }
    bool wanted = record && !pfo && !merged;
    bool room = was->arch.frcd[run.next][1] >> 63 == 0;
    CHECK(r->record.recorded == (wanted && room));
    CHECK(r->record.overflow == (wanted && !room));
    CHECK(((peek(&run.b.x, VTDPI_REG_FSTS) & 1) != 0) == (pfo || r->record.overflow));
    if (r->record.recorded) {
        const uint64_t *frcd = run.b.x.unit.arch.frcd[run.next];
        bool pending = (peek(&before.x, VTDPI_REG_FSTS) & 2) != 0;
        CHECK(pending || (peek(&run.b.x, VTDPI_REG_FSTS) >> 8U & 0xFFU) == run.next);
        CHECK(r->record.frcd == run.next);
        CHECK(frcd[0] == (uint64_t)r->fault.index << 48);
        CHECK(frcd[1] == (UINT64_C(1) << 63 | (uint64_t)r->fault.code << 32 | r->fault.sid));
        run.next = (run.next + 1) % cfg->frcd_count;
    }
}

/** Whether the descriptor of [w] went from its line in [before] as the table of ON, SN, URG says.
 */
static bool posted_right(const want_t *w, const bench_result_t *r)
{
    uint64_t line[VTDPI_LINE_WORDS];
    vtdpi_intr_msg_t msg;
    memcpy(line, bench_place(&before, w->pid - TABLE_BASE), sizeof line);
    bool notify = want_post(w, run.eime, line, &msg);
    return r->notified == notify &&
           memcmp(line, bench_place(&run.b, w->pid - TABLE_BASE), sizeof line) == 0 &&
           (!notify || memcmp(&msg, &r->msg, sizeof msg) == 0);
}

static bool outcome_right(const want_t *w, const bench_result_t *r)
{
    if (w->code != 0) {
        return r->end == BENCH_BLOCKED && r->fault.code == w->code && r->fault.record == w->record;
    }
    if (w->posts) {
        return r->end == BENCH_POSTED && posted_right(w, r);
    }
    return r->end == BENCH_SENT && memcmp(&w->msg, &r->msg, sizeof w->msg) == 0;
}

/** Whether an entry that the unit may use makes [r] of the request. */
static bool entry_right(unsigned index, uint16_t rid, const bench_result_t *r)
{
    const versions_t *v = &run.versions[index];
    for (unsigned i = 0; i < v->count; i++) {
        want_t w = want_entry(&run.b.x.cfg, run.eime, v->entry[i], rid);
        if (w.posts) {
            w.code = want_descriptor(&run.b.x.cfg, run.eime, w.pid, bench_word(&before, w.pid));
        }
        if (outcome_right(&w, r)) {
            return true;
        }
    }
    want_t unreadable = {.code = 0x23, .record = true};
    return table_entry(&before, index) == NULL && outcome_right(&unreadable, r);
}

static void check_request(uint64_t addr, uint32_t data, uint16_t rid, const bench_result_t *r)
{
    const fixture_t *x = &before.x;
    uint64_t gsts = peek(x, VTDPI_REG_GSTS);
    uint32_t index = (uint32_t)((addr >> 5U & 0x7FFFU) | (addr >> 2U & 1U) << 15U);
    bool shv = (addr & 8) != 0;
    index += shv ? data & 0xFFFFU : 0;
    index = x->cfg.index_wrap16 ? index & 0xFFFFU : index;
    want_t w = {.record = true};
    if (addr >> 20U != 0xFEE) {
        CHECK(r->end == BENCH_ORDINARY);
    } else if ((gsts & GCMD_IRE) == 0 || (addr & 0x10) == 0) {
        bool blocked = (gsts & GCMD_IRE) != 0 && (run.eime || (gsts & GCMD_CFI) == 0);
        CHECK(r->end == (blocked ? BENCH_BLOCKED : BENCH_SENT));
        CHECK(!blocked || (r->fault.code == 0x25 && r->fault.index == 0));
        CHECK(blocked || (r->msg.dest == (addr >> 12U & 0xFFU) && r->msg.vector == (data & 0xFFU)));
    } else if (shv && data >> 16U != 0) {
        w.code = 0x20;
        CHECK(outcome_right(&w, r) && r->fault.index == 0);
    } else if (index >= 2U << run.s) {
        w.code = 0x21;
        CHECK(outcome_right(&w, r) && r->fault.index == (uint16_t)index);
    } else {
        CHECK(entry_right(index, rid, r));
        CHECK(r->end != BENCH_BLOCKED || r->fault.index == index);
    }
}

static uint16_t random_rid(void)
{
    static const uint16_t rid[] = {0x0010, 0x0011, 0x0014, 0x0117, 0x0200, 0x0310};
    return rid[below(sizeof rid / sizeof rid[0])];
}

static void do_request(void)
{
    uint32_t index = below(chance(90) ? INDEXES - 4 : 40);
    bool shv = chance(50);
    uint32_t data = chance(80) ? below(4) : (uint32_t)draw();
    uint64_t addr = vtdpi_msi_address((uint16_t)index, shv);
    if (chance(10)) {
        addr = chance(50) ? UINT64_C(0xFEE00000) | below(0x100000) : draw();
    }
    uint16_t rid = random_rid();
    before = run.b;
    bench_result_t r = bench_request(&run.b, addr, data, rid);
    check_request(addr, data, rid, &r);
    if (r.end == BENCH_BLOCKED) {
        check_record(&r, r.fault.record);
    }
    if (r.end != BENCH_POSTED) {
        CHECK(memcmp(run.b.ram, before.ram, sizeof before.ram) == 0);
    }
    run.sent += r.end == BENCH_SENT;
    run.posted += r.end == BENCH_POSTED;
    run.notified += r.notified;
    run.blocked += r.end == BENCH_BLOCKED;
    run.hits += r.hit;
}

/* --- software --- */

static void do_entry(void)
{
    uint64_t lo = below(16) | (uint64_t)below(256) << 16U;
    uint64_t hi = random_rid() | (uint64_t)below(4) << 16U | (uint64_t)below(4) << 18U;
    lo = (lo & ~UINT64_C(1)) | (chance(90) ? 1U : 0U);
    hi = chance(70) ? 0 : hi;
    if (chance(50)) {
        uint64_t pid = bench_at(BENCH_PIDS + (below(PIDS) * VTDPI_LINE_BYTES));
        lo = (lo & UINT64_C(0xFF0003)) | 0x8000 | pid << 32U | (chance(30) ? 0x4000U : 0U);
    } else {
        lo |= run.eime ? draw() << 32U : (uint64_t)below(256) << 40U;
    }
    lo ^= chance(10) ? UINT64_C(1) << below(64) : 0;
    hi ^= chance(10) ? UINT64_C(1) << below(64) : 0;
    unsigned index = below(INDEXES);
    unsigned table = below(TABLES);
    uint64_t *entry = bench_place(&run.b, (table * TABLE_BYTES) + (16 * (uint64_t)index));
    versions_room();
    entry[0] = lo;
    entry[1] = hi;
    version_add(index);
}

static void do_descriptor(void)
{
    uint64_t *line = bench_pid(&run.b, below(PIDS));
    vtdpi_pid_ctl_t ctl = {.nv = (uint8_t)below(256), .on = chance(20), .sn = chance(40)};
    ctl.ndst = run.eime ? (uint32_t)draw() : below(256) << 8U;
    memset(line, 0, VTDPI_LINE_BYTES);
    line[4] = vtdpi_pid_ctl_make(ctl);
    line[4 + below(4)] ^= chance(10) ? UINT64_C(1) << below(64) : 0;
}

/** A write, and what the unit's owner does then; every invalidation that is executed is noted. */
static void write_reg(uint32_t offset, uint32_t bytes, uint64_t value)
{
    fixture_t *x = &run.b.x;
    vtdpi_iommu_write_t w = vtdpi_iommu_write(&x->unit, &x->cfg, offset, bytes, value);
    bench_event(&run.b, w.event);
    if ((w.effects & VTDPI_EFFECT_TABLE) != 0) {
        uint64_t irta = peek(x, VTDPI_REG_IRTA);
        run.base = irta & ~UINT64_C(0xFFF) & vtdpi_mask(x->cfg.haw);
        run.s = irta & 15U;
        run.eime = (irta & 0x800) != 0;
        for (unsigned i = 0; i < INDEXES; i++) {
            versions_room();
            version_add(i);
        }
    }
    if ((w.effects & VTDPI_EFFECT_IEC_FLUSH) != 0) {
        vtdpi_iec_invalidate_all(x->iec, &x->cfg);
        versions_forget(0, 0, true);
    }
    for (bool more = (w.effects & VTDPI_EFFECT_QUEUE) != 0; more;) {
        vtdpi_queue_next_t n = vtdpi_iommu_queue_next(&x->unit, &x->cfg);
        const uint64_t *d = bench_word(&run.b, n.paddr);
        uint64_t low = d != NULL ? d[0] : 0;
        more = bench_queue_step(&run.b);
        bool executed = more && (peek(x, VTDPI_REG_FSTS) & 0x10) == 0;
        if (executed && (low & 15U) == 4) {
            versions_forget(low >> 32U & 0xFFFFU, low >> 27U & 31U, (low & 0x10) == 0);
        }
    }
}

static void do_queue(void)
{
    fixture_t *x = &run.b.x;
    bool wide = (peek(x, VTDPI_REG_IQA) & 0x800) != 0;
    uint64_t tail = peek(x, VTDPI_REG_IQT) % 0x1000 & ~(wide ? UINT64_C(31) : UINT64_C(15));
    for (unsigned n = 1 + below(3); n > 0; n--) {
        uint64_t *d = bench_place(&run.b, BENCH_QUEUE + tail);
        memset(d, 0, wide ? 32 : 16);
        d[0] = chance(50) ? 4 | (chance(70) ? 0x10U : 0U) | (uint64_t)below(INDEXES) << 32U |
                                (uint64_t)below(6) << 27U
                          : 5 | (uint64_t)below(16) << 4U | draw() << 32U;
        d[1] = (d[0] & 15U) == 5 ? bench_at(BENCH_STATUS + (4 * below(8))) : 0;
        d[below(2)] ^= chance(10) ? UINT64_C(1) << below(64) : 0;
        tail = (tail + (wide ? 32 : 16)) % 0x1000;
    }
    write_reg(0x88, 8, tail);
}

static void do_command(void)
{
    uint64_t levels = peek(&run.b.x, VTDPI_REG_GSTS) & (LEVELS | UINT64_C(0x80000000));
    static const uint32_t bit[] = {GCMD_QIE, GCMD_IRE, GCMD_CFI, GCMD_IRE, GCMD_QIE};
    unsigned n = below(8);
    if (n < 5) {
        levels = chance(80) ? levels | bit[n] : levels & ~(uint64_t)bit[n];
    } else {
        levels |= GCMD_SIRTP;
    }
    write_reg(0x18, 4, chance(3) ? draw() : levels);
}

static void do_setting(void)
{
    switch (below(5)) {
    case 0:
        write_reg(0x90, 8,
                  bench_at(BENCH_QUEUE) | (chance(30) ? 0x800U : 0U) | (chance(20) ? 1U : 0U));
        break;
    case 1:
        write_reg(0xB8, 8,
                  bench_at(below(TABLES) * TABLE_BYTES) | (chance(60) ? 0x800U : 0U) |
                      (chance(80) ? 4 : below(5)));
        break;
    case 2:
        write_reg(chance(50) ? 0x38 : 0xA0, 4, chance(60) ? 0 : 0x80000000);
        break;
    case 3:
        write_reg(0x3C + (4 * below(3)), 4, draw());
        break;
    default:
        write_reg(0xA4 + (4 * below(3)), 4, draw());
        break;
    }
}

static void do_service(void)
{
    if (chance(50)) {
        write_reg(VTDPI_FRCD_OFFSET + 8 + (16 * below(run.b.x.cfg.frcd_count)), 8,
                  UINT64_C(1) << 63);
    } else if (chance(60)) {
        write_reg(0x34, 4, below(128));
    } else {
        write_reg(0x9C, 4, 1);
    }
}

/** Any write at all, but for the two that move table or queue where the test does not look. */
static void do_noise(void)
{
    uint32_t offset = 4 * below(0x100);
    bool moves = (offset >= 0x90 && offset < 0x98) || offset >= 0xB8;
    if (!moves && offset != 0x18) {
        write_reg(offset, 4, draw());
    }
}

static void do_rest(void)
{
    if (chance(95) || run.b.x.cfg.iec_entries == 0) {
        do_noise();
    } else if (chance(70)) {
        vtdpi_iec_evict(run.b.x.iec, &run.b.x.cfg, below(run.b.x.cfg.iec_entries));
    } else {
        vtdpi_iommu_reset(&run.b.x.unit, &run.b.x.cfg);
        run.next = 0;
        run.base = 0;
        run.s = 0;
        run.eime = false;
    }
}

static void step_once(void)
{
    unsigned kind = below(100);
    if (kind < 45) {
        do_request();
    } else if (kind < 60) {
        do_entry();
    } else if (kind < 65) {
        do_descriptor();
    } else if (kind < 75) {
        do_queue();
    } else if (kind < 82) {
        do_command();
    } else if (kind < 88) {
        do_setting();
    } else if (kind < 96) {
        do_service();
    } else {
        do_rest();
    }
}

static vtdpi_iommu_cfg_t random_cfg(void)
{
    static const uint32_t entries[] = {0, 1, 4, 64};
    return (vtdpi_iommu_cfg_t){
        .iec_entries = entries[below(4)],
        .frcd_count = (uint8_t)(1 + below(chance(50) ? 1 : VTDPI_FRCD_MAX)),
        .haw = (uint8_t)(32 + below(33)),
        .mhmv = (uint8_t)below(16),
        .pi = chance(80),
        .ir = chance(95),
        .eim = chance(80),
        .cm = chance(20),
        .coherent = true,
        .esirtps = chance(20),
        .register_only = chance(5),
        .wide_queue = chance(70),
        .pid_ndst_check = chance(50),
        .index_wrap16 = chance(30),
        .dlm_check = chance(70),
        .fault_collapse = chance(30),
        .svt3_code = (uint8_t)below(2),
        .irte_check_order = (uint8_t)below(2),
    };
}

static void run_seed(uint64_t seed)
{
    run.seed = seed;
    run.random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    memset(run.versions, 0, sizeof run.versions);
    vtdpi_iommu_cfg_t cfg = random_cfg();
    bench_open(&run.b, cfg, 4, cfg.eim && chance(70));
    run.base = run.b.x.unit.arch.irta_base;
    run.s = run.b.x.unit.arch.irta_s;
    run.eime = run.b.x.unit.arch.eime;
    run.next = 0;
    for (unsigned i = 0; i < 2 * INDEXES; i++) {
        do_entry();
    }
    versions_forget(0, 0, true);
    for (run.step = 0; run.step < STEPS; run.step++) {
        step_once();
        check_unit();
    }
    run.events += run.b.events;
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

/* VT-d, "Interrupt Remapping Hardware Operation", "Interrupt-Posting Hardware Operation", "Primary
 * Fault Logging", "Queued Invalidation Interface": whatever software, devices and the queue do,
 * each request goes by an entry that memory has held since the last invalidation that covers it.
 *
 * @shows vtd.iec.stale, vtd.iec.global, vtd.iec.selective, vtd.remap.formats, vtd.fault.ring,
 * vtd.fault.overflow, vtd.fault.ppf, vtd.post.atomic, vtd.post.notify, vtd.queue.runs
 */
static void test_iommu_random__any_traffic__requests_go_by_entries_that_were_there(void **state)
{
    (void)state;
    uint64_t first = number_of("VTDPI_SEED", 1);
    uint64_t seeds = number_of("VTDPI_RANDOM_SEEDS", SEEDS);
    memset(&run, 0, sizeof run);
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        run_seed(seed);
    }
    print_message("seeds %llu to %llu: %u sent, %u posted, %u notified, %u blocked, %u hits, "
                  "%u events\n",
                  (unsigned long long)first, (unsigned long long)(first + seeds - 1), run.sent,
                  run.posted, run.notified, run.blocked, run.hits, run.events);
    assert_true(run.sent > 0 && run.posted > 0 && run.notified > 0);
    assert_true(run.blocked > 0 && run.hits > 0 && run.events > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iommu_random__any_traffic__requests_go_by_entries_that_were_there),
    };
    return cmocka_run_group_tests_name("iommu_random", tests, NULL, NULL);
}

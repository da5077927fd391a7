/*
 * The interrupt entry cache: stale until invalidated, bounded, replaced in turn.
 */
#include "iommu_fixture.h"

static void insert(fixture_t *x, uint32_t index, uint64_t lo)
{
    const uint64_t irte[VTDPI_IRTE_WORDS] = {lo, ~lo};
    vtdpi_iec_insert(&x->unit, x->iec, &x->cfg, index, irte);
}

static bool has(const fixture_t *x, uint32_t index)
{
    uint64_t irte[VTDPI_IRTE_WORDS];
    return vtdpi_iec_lookup(x->iec, &x->cfg, index, irte);
}

static fixture_t cache_of(uint32_t entries)
{
    vtdpi_iommu_cfg_t cfg = vtdpi_iommu_cfg_default();
    cfg.iec_entries = entries;
    return fresh_with(cfg);
}

/* VT-d, "Interrupt Entry Cache": a cached entry is used without reading memory again, index 0
 * included.
 *
 * @shows vtd.iec.stale
 */
static void test_iommu_cache__inserted_entry__is_found_as_it_was(void **state)
{
    (void)state;
    fixture_t x = cache_of(4);
    assert_false(has(&x, 0));
    insert(&x, 0, 0x1111);
    insert(&x, 0xFFFF, 0x2222);
    uint64_t irte[VTDPI_IRTE_WORDS];
    assert_true(vtdpi_iec_lookup(x.iec, &x.cfg, 0, irte));
    assert_true(irte[0] == 0x1111 && irte[1] == ~UINT64_C(0x1111));
    assert_true(vtdpi_iec_lookup(x.iec, &x.cfg, 0xFFFF, irte) && irte[0] == 0x2222);
    assert_false(has(&x, 1));
}

/* VT-d, "Interrupt Entry Cache": one slot for each index; a second insertion replaces the first.
 *
 * @shows vtd.iec.replacement
 */
static void test_iommu_cache__inserted_twice__holds_the_second(void **state)
{
    (void)state;
    fixture_t x = cache_of(2);
    insert(&x, 7, 1);
    insert(&x, 7, 2);
    insert(&x, 8, 3);
    uint64_t irte[VTDPI_IRTE_WORDS];
    assert_true(vtdpi_iec_lookup(x.iec, &x.cfg, 7, irte) && irte[0] == 2);
    assert_true(has(&x, 8));
}

/* *Choice:* replacement goes round the slots; empty ones are filled first.
 *
 * @shows vtd.iec.replacement
 */
static void test_iommu_cache__full__replaces_in_turn(void **state)
{
    (void)state;
    fixture_t x = cache_of(3);
    for (uint32_t i = 0; i < 3; i++) {
        insert(&x, i, 1);
    }
    for (uint32_t i = 0; i < 7; i++) {
        insert(&x, 10 + i, 1);
        assert_false(has(&x, i < 3 ? i : 10 + i - 3));
        assert_true(has(&x, 10 + i));
        assert_true(vtdpi_iommu_check(&x.unit, &x.cfg));
    }
    vtdpi_iec_evict(x.iec, &x.cfg, 0);
    insert(&x, 99, 1);
    assert_true(has(&x, 99) && x.iec[0].index == 99);
}

/* Limits: no entry at all, and the greatest number of them.
 *
 * @shows vtd.iec.replacement
 */
static void test_iommu_cache__limits__none_and_greatest(void **state)
{
    (void)state;
    fixture_t x = cache_of(0);
    insert(&x, 1, 1);
    vtdpi_iec_invalidate_all(x.iec, &x.cfg);
    vtdpi_iec_invalidate(x.iec, &x.cfg, 1, 0);
    assert_false(has(&x, 1));
    x = cache_of(VTDPI_IEC_MAX);
    for (uint32_t i = 0; i < VTDPI_IEC_MAX; i++) {
        insert(&x, i, i);
    }
    for (uint32_t i = 0; i < VTDPI_IEC_MAX; i++) {
        assert_true(has(&x, i));
    }
    x.cfg.iec_entries = VTDPI_IEC_MAX - 1;
    vtdpi_iec_invalidate(x.iec, &x.cfg, 0, 31);
    assert_int_equal(x.iec[VTDPI_IEC_MAX - 1].valid, 1);
    x.cfg.iec_entries = VTDPI_IEC_MAX + 1;
    assert_false(vtdpi_iommu_cfg_ok(&x.cfg));
}

/* VT-d, "Interrupt Entry Cache Invalidate Descriptor": entry i goes iff (i >> IM) == (IIDX >> IM).
 *
 * @shows vtd.iec.selective
 */
static void test_iommu_cache__invalidation_by_mask__drops_the_covered_ones(void **state)
{
    (void)state;
    for (uint32_t im = 0; im < 16; im++) {
        fixture_t x = cache_of(VTDPI_IEC_MAX);
        for (uint32_t i = 0; i < 128; i++) {
            insert(&x, i * 0x101, 1);
        }
        vtdpi_iec_invalidate(x.iec, &x.cfg, 0x4242, im);
        for (uint32_t i = 0; i < 128; i++) {
            uint32_t mask = (UINT32_C(1) << im) - 1;
            assert_int_equal(has(&x, i * 0x101), ((i * 0x101) | mask) != (0x4242 | mask));
        }
    }
}

/* VT-d, as above: global drops everything, the greatest mask too.
 *
 * @shows vtd.iec.global, vtd.iec.selective
 */
static void test_iommu_cache__global_and_full_mask__drop_everything(void **state)
{
    (void)state;
    fixture_t x = cache_of(8);
    insert(&x, 3, 1);
    insert(&x, 0xFFFF, 1);
    vtdpi_iec_invalidate_all(x.iec, &x.cfg);
    assert_false(has(&x, 3) || has(&x, 0xFFFF));
    insert(&x, 3, 1);
    insert(&x, 0xFFFF, 1);
    vtdpi_iec_invalidate(x.iec, &x.cfg, 0, 16);
    assert_false(has(&x, 3) || has(&x, 0xFFFF));
}

/* VT-d, "Caching Mode": without CAP.CM an entry that faults is not cached.
 *
 * @shows vtd.iec.not-present
 */
static void test_iommu_cache__faulting_entry__is_cached_only_in_caching_mode(void **state)
{
    (void)state;
    vtdpi_iommu_cfg_t cfg = vtdpi_iommu_cfg_default();
    for (unsigned cm = 0; cm < 2; cm++) {
        cfg.cm = cm != 0;
        assert_true(vtdpi_iec_may_cache(&cfg, VTDPI_FAULT_NONE));
        assert_int_equal(vtdpi_iec_may_cache(&cfg, VTDPI_FAULT_IRTE_NOT_PRESENT), cm);
        assert_int_equal(vtdpi_iec_may_cache(&cfg, VTDPI_FAULT_IRTE_RESERVED), cm);
    }
}

/* VT-d, "Global Command Register", SIRTP: the cache goes with the command only if CAP.ESIRTPS = 1.
 *
 * @shows vtd.iec.sirtp
 */
static void test_iommu_cache__new_table__asks_for_a_flush_only_with_esirtps(void **state)
{
    (void)state;
    vtdpi_iommu_cfg_t cfg = vtdpi_iommu_cfg_default();
    for (unsigned e = 0; e < 2; e++) {
        cfg.esirtps = e != 0;
        fixture_t x = remapping_with(cfg, 3, true);
        uint32_t effects = command(&x, GCMD_SIRTP, 0).effects;
        assert_int_equal((effects & VTDPI_EFFECT_IEC_FLUSH) != 0, e);
        assert_true((effects & VTDPI_EFFECT_TABLE) != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iommu_cache__inserted_entry__is_found_as_it_was),
        cmocka_unit_test(test_iommu_cache__inserted_twice__holds_the_second),
        cmocka_unit_test(test_iommu_cache__full__replaces_in_turn),
        cmocka_unit_test(test_iommu_cache__limits__none_and_greatest),
        cmocka_unit_test(test_iommu_cache__invalidation_by_mask__drops_the_covered_ones),
        cmocka_unit_test(test_iommu_cache__global_and_full_mask__drop_everything),
        cmocka_unit_test(test_iommu_cache__faulting_entry__is_cached_only_in_caching_mode),
        cmocka_unit_test(test_iommu_cache__new_table__asks_for_a_flush_only_with_esirtps),
    };
    return cmocka_run_group_tests_name("iommu_cache", tests, NULL, NULL);
}

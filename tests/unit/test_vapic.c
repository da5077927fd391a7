/*
 * APIC virtualization: priority, evaluation, delivery, EOI, self-IPI, TPR, what posted-interrupt
 * processing raises.
 */
#include "vtdpi/vapic.h"

#include "vtd_test.h"

/* SDM 3C, "Virtualized APIC Registers": bit x lies at 100h or 200h | (x & E0h) >> 1, bit x & 1Fh.
 * @shows sdm.page.visr, sdm.page.virr */
static void test_vapic__offsets__have_the_worked_values(void **state)
{
    (void)state;
    assert_int_equal(vtdpi_vapic_virr_offset(0x10), 0x200);
    assert_int_equal(vtdpi_vapic_virr_offset(0x41), 0x220);
    assert_int_equal(vtdpi_vapic_virr_offset(0xEF), 0x270);
    assert_int_equal(vtdpi_vapic_visr_offset(0x41), 0x120);
    assert_int_equal(vtdpi_vapic_visr_offset(0xFF), 0x170);
}

/* SDM 3C, "PPR Virtualization": VTPR if its class is at least SVI's, else SVI & F0h. All classes.
 * @shows sdm.ppr */
static void test_vapic__ppr__takes_vtpr_at_equality(void **state)
{
    (void)state;
    for (unsigned vtpr = 0; vtpr < 256; vtpr++) {
        for (unsigned svi = 0; svi < 256; svi++) {
            uint8_t want = vtpr / 16 >= svi / 16 ? (uint8_t)vtpr : (uint8_t)(svi - svi % 16);
            assert_int_equal(vtdpi_vapic_ppr((uint8_t)vtpr, (uint8_t)svi), want);
        }
    }
}

/* SDM 3C, "Evaluation of Pending Virtual Interrupts": RVI's class above VPPR's, and no
 * interrupt-window exiting.
 * @shows sdm.evaluate */
static void test_vapic__evaluation__compares_classes(void **state)
{
    (void)state;
    assert_true(vtdpi_vapic_evaluate(0x41, 0x3F, false));
    assert_false(vtdpi_vapic_evaluate(0x41, 0x40, false));
    assert_false(vtdpi_vapic_evaluate(0x4F, 0x40, false));
    assert_false(vtdpi_vapic_evaluate(0, 0, false));
    assert_true(vtdpi_vapic_evaluate(0x10, 0x0F, false));
    assert_false(vtdpi_vapic_evaluate(0xFF, 0x00, true));
}

/* SDM 3C, "Virtual-Interrupt Delivery": the whole assignment list, with a second vector left in
 * VIRR.
 * @shows sdm.deliver */
static void test_vapic__delivery__moves_rvi_to_svi(void **state)
{
    (void)state;
    uint64_t visr[4] = {0};
    uint64_t virr[4] = {0};
    vtdpi_vapic_t vapic = {.rvi = 0x61, .svi = 0x41, .recognised = 1};
    vtdpi_set_add(visr, 0x41);
    vtdpi_set_add(virr, 0x61);
    vtdpi_set_add(virr, 0x5F);
    vtdpi_vapic_step_t step = vtdpi_vapic_deliver(&vapic, visr, virr);
    assert_int_equal(step.vector, 0x61);
    assert_int_equal(step.vppr, 0x60);
    assert_int_equal(vapic.svi, 0x61);
    assert_int_equal(vapic.rvi, 0x5F);
    assert_int_equal(vapic.recognised, 0);
    assert_true(vtdpi_set_has(visr, 0x61) && vtdpi_set_has(visr, 0x41));
    assert_false(vtdpi_set_has(virr, 0x61));
    assert_false(vtdpi_vapic_evaluate(vapic.rvi, step.vppr, false));
}

/* SDM 3C, "Virtual-Interrupt Delivery": RVI is 0 when VIRR is empty.
 * @shows sdm.deliver */
static void test_vapic__delivery_of_the_last__leaves_rvi_0(void **state)
{
    (void)state;
    uint64_t visr[4] = {0};
    uint64_t virr[4] = {0};
    vtdpi_vapic_t vapic = {.rvi = 0xEF, .recognised = 1};
    vtdpi_set_add(virr, 0xEF);
    (void)vtdpi_vapic_deliver(&vapic, visr, virr);
    assert_int_equal(vapic.rvi, 0);
    assert_int_equal(vtdpi_set_highest(virr), -1);
}

/* SDM 3C, "EOI Virtualization": SVI's bit goes, SVI becomes the highest left, VPPR follows; the
 * bitmap decides about exit 45.
 * @shows sdm.eoi.dismiss, sdm.eoi.exit */
static void test_vapic__eoi__retires_svi(void **state)
{
    (void)state;
    for (unsigned exits = 0; exits < 2; exits++) {
        uint64_t visr[4] = {0};
        uint64_t bitmap[4] = {0};
        vtdpi_vapic_t vapic = {.rvi = 0x5F, .svi = 0x61};
        vtdpi_set_add(visr, 0x61);
        vtdpi_set_add(visr, 0x41);
        vtdpi_set_add(bitmap, exits != 0 ? 0x61 : 0x41);
        vtdpi_vapic_step_t step = vtdpi_vapic_eoi(&vapic, visr, 0x22, bitmap);
        assert_int_equal(step.vector, 0x61);
        assert_int_equal(step.exit, exits);
        assert_int_equal(vapic.svi, 0x41);
        assert_int_equal(step.vppr, 0x40);
        step = vtdpi_vapic_eoi(&vapic, visr, 0x22, bitmap);
        assert_int_equal(step.vector, 0x41);
        assert_int_equal(step.exit, exits == 0);
        assert_int_equal(vapic.svi, 0);
        assert_int_equal(step.vppr, 0x22);
        assert_int_equal(vapic.rvi, 0x5F);
    }
}

/* SDM 3C, "EOI Virtualization": with SVI = 0 bit 0 is cleared and tested all the same.
 * @shows sdm.eoi.exit, sdm.eoi.dismiss */
static void test_vapic__eoi_with_svi_0__tests_bit_0(void **state)
{
    (void)state;
    uint64_t visr[4] = {1, 0, 0, 0};
    uint64_t bitmap[4] = {1, 0, 0, 0};
    vtdpi_vapic_t vapic = {.rvi = 0};
    vtdpi_vapic_step_t step = vtdpi_vapic_eoi(&vapic, visr, 0, bitmap);
    assert_int_equal(step.exit, 1);
    assert_int_equal(step.vector, 0);
    assert_int_equal(vtdpi_set_highest(visr), -1);
}

/* SDM 3C, "Virtual-Interrupt Delivery": the user-interrupt branch retires as an EOI does, without
 * exit. RVI above the new VPPR is not recognised for that, and what was recognised stays so.
 * @shows sdm.deliver.uinv */
static void test_vapic__retire__never_exits(void **state)
{
    (void)state;
    uint64_t visr[4] = {0};
    vtdpi_vapic_t vapic = {.svi = 0xEC};
    vtdpi_set_add(visr, 0xEC);
    vtdpi_set_add(visr, 0x35);
    vtdpi_vapic_step_t step = vtdpi_vapic_retire(&vapic, visr, 0x31);
    assert_int_equal(step.exit, 0);
    assert_int_equal(step.vector, 0xEC);
    assert_int_equal(step.vppr, 0x31);
    assert_int_equal(vapic.svi, 0x35);
    assert_false(vtdpi_set_has(visr, 0xEC));
    assert_true(vtdpi_set_has(visr, 0x35));
    for (uint8_t was = 0; was < 2; was++) {
        for (unsigned rvi = 0; rvi < 256; rvi++) {
            vapic = (vtdpi_vapic_t){.rvi = (uint8_t)rvi, .svi = 0xEC, .recognised = was};
            assert_int_equal(vtdpi_vapic_retire(&vapic, visr, 0x31).vppr, 0x31);
            assert_int_equal(vapic.recognised, was);
            assert_int_equal(vapic.rvi, rvi);
        }
    }
}

/* SDM 3C, "Self-IPI Virtualization": VIRR[v] := 1, RVI := max(RVI, v).
 * @shows sdm.self-ipi */
static void test_vapic__self_ipi__raises_rvi_to_the_maximum(void **state)
{
    (void)state;
    uint64_t virr[4] = {0};
    vtdpi_vapic_t vapic = {.rvi = 0x41};
    vtdpi_vapic_self_ipi(&vapic, virr, 0x31);
    assert_int_equal(vapic.rvi, 0x41);
    vtdpi_vapic_self_ipi(&vapic, virr, 0xC1);
    assert_int_equal(vapic.rvi, 0xC1);
    assert_true(vtdpi_set_has(virr, 0x31) && vtdpi_set_has(virr, 0xC1));
}

/* SDM 3C, "Posted-Interrupt Processing": RVI rises to the highest bit taken, and stays if none was.
 * @shows sdm.posted.rvi */
static void test_vapic__raise__keeps_rvi_when_pir_is_empty(void **state)
{
    (void)state;
    uint64_t pir[4] = {0};
    vtdpi_vapic_t vapic = {.rvi = 0};
    vtdpi_vapic_raise(&vapic, pir);
    assert_int_equal(vapic.rvi, 0);
    vapic.rvi = 0x51;
    vtdpi_set_add(pir, 0x41);
    vtdpi_vapic_raise(&vapic, pir);
    assert_int_equal(vapic.rvi, 0x51);
    vtdpi_set_add(pir, 0x52); /* of the same class */
    vtdpi_vapic_raise(&vapic, pir);
    assert_int_equal(vapic.rvi, 0x52);
    vtdpi_set_add(pir, 0xEF);
    vtdpi_vapic_raise(&vapic, pir);
    assert_int_equal(vapic.rvi, 0xEF);
}

/* SDM 3C, "TPR Virtualization": exit 43 iff VTPR[7:4] is below the threshold's low four bits.
 * @shows sdm.tpr.threshold */
static void test_vapic__tpr__is_compared_with_the_threshold(void **state)
{
    (void)state;
    assert_true(vtdpi_vapic_tpr_below(0x3F, 4));
    assert_false(vtdpi_vapic_tpr_below(0x40, 4));
    assert_false(vtdpi_vapic_tpr_below(0x00, 0));
    assert_false(vtdpi_vapic_tpr_below(0x00, 0xFFFFFFF0));
}

/* SDM 3C, "Evaluation of Pending Virtual Interrupts": a vector of class 0 becomes RVI and is not
 * recognised, whatever VPPR is.
 * @shows sdm.evaluate.class-0 */
static void test_vapic__class_0__is_never_recognised(void **state)
{
    (void)state;
    for (uint8_t rvi = 0; rvi < 16; rvi++) {
        uint64_t pir[4] = {UINT64_C(1) << rvi, 0, 0, 0};
        vtdpi_vapic_t vapic = {.rvi = 0};
        vtdpi_vapic_raise(&vapic, pir);
        assert_int_equal(vapic.rvi, rvi);
        assert_false(vtdpi_vapic_evaluate(vapic.rvi, 0, false));
    }
    assert_true(vtdpi_vapic_evaluate(16, 0, false));
}

/* SDM 3C, "TPR Virtualization": with virtual-interrupt delivery a lower VTPR lets what waits
 * through by VPPR, a higher one holds it; SVI holds it whatever VTPR is. Without, the threshold
 * decides, and nothing is evaluated.
 * @shows sdm.tpr.evaluate, sdm.tpr.threshold, sdm.ppr */
static void test_vapic__tpr_write__is_evaluated_or_compared(void **state)
{
    (void)state;
    vtdpi_ctls_t vid = vtdpi_ctl_one(VTDPI_CTL_VIRTUAL_INTERRUPT_DELIVERY);
    vtdpi_ctls_t window = vtdpi_ctl_one(VTDPI_CTL_INTERRUPT_WINDOW_EXITING);

    static const struct {
        uint8_t vtpr;
        uint8_t svi;
        uint8_t vppr;
        bool recognised;
    } rows[] = {{0x00, 0x00, 0x00, true},  {0x4F, 0x00, 0x4F, true},  {0x50, 0x00, 0x50, false},
                {0x5F, 0x41, 0x5F, false}, {0x00, 0x41, 0x40, true},  {0x00, 0x51, 0x50, false},
                {0x4F, 0x4E, 0x4F, true},  {0xF0, 0x00, 0xF0, false}, {0x3F, 0x4E, 0x40, true}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vtdpi_vapic_t vapic = {.rvi = 0x51, .svi = rows[i].svi};
        vtdpi_vapic_step_t step = vtdpi_vapic_tpr(&vapic, vid, rows[i].vtpr, 15);
        assert_int_equal(step.vppr, rows[i].vppr);
        assert_int_equal(step.exit, 0);
        assert_int_equal(vapic.recognised, rows[i].recognised);
        (void)vtdpi_vapic_tpr(&vapic, vid | window, rows[i].vtpr, 0);
        assert_int_equal(vapic.recognised, 0);
        vapic.rvi = 0xFF;
        assert_int_equal(vtdpi_vapic_tpr(&vapic, 0, rows[i].vtpr, 5).exit, rows[i].vtpr < 0x50);
        assert_int_equal(vapic.recognised, 0);
    }
}

/* SDM 3C, "Updating Non-Register State": an entry takes RVI and SVI from the guest interrupt
 * status, computes VPPR and evaluates; an exit ends recognition, and the next entry finds it again.
 * @shows sdm.entry.evaluate, sdm.exit.recognition-ends */
static void test_vapic__entry__evaluates_anew(void **state)
{
    (void)state;
    vtdpi_ctls_t vid = vtdpi_ctl_one(VTDPI_CTL_VIRTUAL_INTERRUPT_DELIVERY);
    vtdpi_vapic_t vapic = {.rvi = 1, .svi = 2};
    assert_int_equal(vtdpi_vapic_enter(&vapic, vid, 0x4151, 0x22).vppr, 0x40);
    assert_int_equal(vapic.rvi, 0x51);
    assert_int_equal(vapic.svi, 0x41);
    assert_int_equal(vapic.recognised, 1);
    vtdpi_vapic_leave(&vapic);
    assert_int_equal(vapic.recognised, 0);
    assert_true(vapic.rvi == 0x51 && vapic.svi == 0x41);
    assert_int_equal(vtdpi_vapic_enter(&vapic, vid, 0x4151, 0x52).vppr, 0x52);
    assert_int_equal(vapic.recognised, 0);
    vtdpi_ctls_t window = vid | vtdpi_ctl_one(VTDPI_CTL_INTERRUPT_WINDOW_EXITING);
    (void)vtdpi_vapic_enter(&vapic, window, 0x4151, 0x22);
    assert_int_equal(vapic.recognised, 0);
    vapic.recognised = 1; /* what was recognised before plays no part */
    (void)vtdpi_vapic_enter(&vapic, vid, 0x4151, 0x52);
    assert_int_equal(vapic.recognised, 0);
}

/* SDM 3C, "Posted-Interrupt Processing": ON goes and nothing else of the control word, whatever SN
 * is; each word of PIR moves into VIRR, which keeps what it had.
 * @shows sdm.posted.clear-on, sdm.posted.take */
static void test_vapic__posted_steps__take_on_and_pir(void **state)
{
    (void)state;
    assert_true(vtdpi_vapic_posted_control(UINT64_C(0xFFFFFFFFFFFFFFFF)) ==
                UINT64_C(0xFFFFFFFFFFFFFFFE));
    assert_true(vtdpi_vapic_posted_control(UINT64_C(0x0000010500F20002)) ==
                UINT64_C(0x0000010500F20002));
    uint64_t pir = 0x5, virr = 0x6;
    assert_true(vtdpi_vapic_posted_take(&pir, &virr) == 0x5);
    assert_true(pir == 0 && virr == 0x7);
    assert_true(vtdpi_vapic_posted_take(&pir, &virr) == 0);
    assert_true(virr == 0x7);
}

/* SDM 3C, "Posted-Interrupt Processing": the four words of PIR may be taken in any order; VIRR and
 * RVI come out the same in all 24.
 * @shows sdm.posted.pir-order, sdm.posted.rvi */
static void test_vapic__pir_words__may_be_taken_in_any_order(void **state)
{
    (void)state;
    static const uint64_t pir[4] = {UINT64_C(1) << 33, 0, UINT64_C(3) << 5, 1};
    unsigned orders = 0;
    for (unsigned code = 0; code < 256; code++) {
        uint64_t virr[4] = {0, UINT64_C(1) << 7, 0, 0};
        unsigned seen = 0;
        vtdpi_vapic_t vapic = {.rvi = 71};
        for (unsigned n = 0; n < 4; n++) {
            unsigned w = code >> (2 * n) & 3U;
            uint64_t taken[4] = {0};
            taken[w] = pir[w];
            virr[w] |= pir[w];
            vtdpi_vapic_raise(&vapic, taken);
            seen |= 1U << w;
        }
        if (seen == 15) {
            orders++;
            assert_int_equal(vapic.rvi, 192);
            assert_true(virr[0] == pir[0] && virr[1] == 128 && virr[2] == pir[2] && virr[3] == 1);
        }
    }
    assert_int_equal(orders, 24);
}

/* SDM 3C, "EOI Virtualization", "Virtual-Interrupt Delivery": three nested interrupts of rising
 * class, each retired in turn; VPPR is the class in service, at the end VTPR.
 * @shows sdm.deliver, sdm.eoi.dismiss, sdm.ppr */
static void test_vapic__nested_interrupts__are_retired_in_reverse(void **state)
{
    (void)state;
    static const uint8_t vectors[] = {0x35, 0x61, 0xE9};
    uint64_t visr[4] = {0};
    uint64_t virr[4] = {0};
    uint64_t bitmap[4] = {0};
    vtdpi_vapic_t vapic = {0};
    for (size_t i = 0; i < sizeof vectors; i++) {
        uint8_t vppr = vtdpi_vapic_ppr(0x12, vapic.svi);
        vtdpi_vapic_self_ipi(&vapic, virr, vectors[i]);
        vapic.recognised = vtdpi_vapic_evaluate(vapic.rvi, vppr, false);
        assert_int_equal(vapic.recognised, 1);
        assert_int_equal(vtdpi_vapic_deliver(&vapic, visr, virr).vppr, vectors[i] & 0xF0);
    }
    static const uint8_t left[] = {0x30, 0x60};
    for (size_t i = sizeof vectors; i-- > 0;) {
        vtdpi_vapic_step_t step = vtdpi_vapic_eoi(&vapic, visr, 0x12, bitmap);
        assert_int_equal(step.vector, vectors[i]);
        assert_int_equal(step.vppr, i == 0 ? 0x12 : left[i - 1]);
    }
    assert_int_equal(vtdpi_set_highest(visr), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vapic__offsets__have_the_worked_values),
        cmocka_unit_test(test_vapic__ppr__takes_vtpr_at_equality),
        cmocka_unit_test(test_vapic__evaluation__compares_classes),
        cmocka_unit_test(test_vapic__delivery__moves_rvi_to_svi),
        cmocka_unit_test(test_vapic__delivery_of_the_last__leaves_rvi_0),
        cmocka_unit_test(test_vapic__eoi__retires_svi),
        cmocka_unit_test(test_vapic__eoi_with_svi_0__tests_bit_0),
        cmocka_unit_test(test_vapic__retire__never_exits),
        cmocka_unit_test(test_vapic__self_ipi__raises_rvi_to_the_maximum),
        cmocka_unit_test(test_vapic__raise__keeps_rvi_when_pir_is_empty),
        cmocka_unit_test(test_vapic__tpr__is_compared_with_the_threshold),
        cmocka_unit_test(test_vapic__class_0__is_never_recognised),
        cmocka_unit_test(test_vapic__tpr_write__is_evaluated_or_compared),
        cmocka_unit_test(test_vapic__entry__evaluates_anew),
        cmocka_unit_test(test_vapic__posted_steps__take_on_and_pir),
        cmocka_unit_test(test_vapic__pir_words__may_be_taken_in_any_order),
        cmocka_unit_test(test_vapic__nested_interrupts__are_retired_in_reverse),
    };
    return cmocka_run_group_tests_name("vapic", tests, NULL, NULL);
}

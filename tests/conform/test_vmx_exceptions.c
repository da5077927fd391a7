/* The exception of the virtual-APIC vectors: where it holds and where it does not. */
#include "vtdpi/conform.h"

#include "cmocka_all.h"
#include "vectors.h"

#include <stdio.h>
#include <string.h>

enum { STATE_BYTES = 1024, TEXT_BYTES = 8192 };

#define NONE "\"0000000000000000000000000000000000000000000000000000000000000000\""

/* A guest or host state without anything virtual pending. */
#define STATE                                                                                      \
    "{\"mode\": \"%s\", \"rvi\": 0, \"svi\": 0, \"vtpr\": 0, \"vppr\": 0, \"virr\": " NONE         \
    ", \"visr\": " NONE ", \"pir\": " NONE ", \"pid_ctl\": \"0000000000f20000\", \"pending\": 0, " \
    "\"if\": %u, \"block\": %u, \"act\": \"active\", \"lapic_irr\": [%s], \"lapic_isr\": [%s]}"
#define CONTROLS                                                                                   \
    "\"ctl\": {\"nv\": 242, \"intwin\": 0, \"vid\": 1, \"pi\": 1, \"x2apic_virt\": 1, "            \
    "\"apic_access_virt\": 0"
#define EXITED "{\"ev\": \"vmexit\", \"reason\": 1, \"qual\": 0, \"intr_info\": \"80000091\"}"

/* Interrupt 91h comes to a guest; boundaries follow. */
#define F1                                                                                         \
    "{\"id\": \"posted\", \"family\": \"F1\", " CONTROLS                                           \
    "}, \"init\": %s, \"phys_vector\": 145, \"boundaries\": [%s]}"

/* The guest is entered, does something, interrupt 91h comes, a step follows, then a boundary. */
#define F2                                                                                         \
    "{\"id\": \"virtual\", \"family\": \"F2\", " CONTROLS                                          \
    ", \"apic_reg_virt\": 1, \"tpr_threshold\": 0, \"eoi_exit\": " NONE                            \
    "}, \"init\": %s, \"steps\": [{\"do\": {\"op\": \"vmentry\"}, \"ev\": [], \"st\": %s}, "       \
    "{\"do\": {\"op\": \"mov_ss\"}, \"ev\": [], \"st\": %s}, "                                     \
    "{\"do\": {\"op\": \"phys_irq\", \"vector\": 145}, \"ev\": [], \"st\": %s}, "                  \
    "{\"do\": {\"op\": \"%s\"}, \"ev\": [], \"st\": %s}, "                                         \
    "{\"do\": {\"op\": \"boundary\"}, \"ev\": [" EXITED "], \"st\": %s}]}"

typedef char state_t[STATE_BYTES];

static const char *state_text(state_t text, const char *mode, unsigned block, const char *irr,
                              const char *isr)
{
    int length = snprintf(text, sizeof(state_t), STATE, mode, 1U, block, irr, isr);
    assert_in_range(length, 1, sizeof(state_t) - 1);
    return text;
}

/* The guest begins with [block]; [held]: the first boundary takes nothing. At the end [isr] is
 * recorded as in service. */
static vtdpi_conform_verdict_t posted(unsigned block, bool held, const char *isr)
{
    state_t init, waiting, exited;
    char boundaries[TEXT_BYTES / 2], text[TEXT_BYTES];
    (void)state_text(waiting, "guest", 0, "145", "");
    (void)state_text(exited, "host", held ? 0 : block, "", isr);
    (void)snprintf(boundaries, sizeof boundaries, "%s%s%s{\"ev\": [" EXITED "], \"st\": %s}",
                   held ? "{\"ev\": [], \"st\": " : "", held ? waiting : "", held ? "}, " : "",
                   exited);
    int length =
        snprintf(text, sizeof text, F1, state_text(init, "guest", block, "", ""), boundaries);
    assert_in_range(length, 1, sizeof text - 1);
    return vectors_verdict(text);
}

/* MOV SS blocks; [op] is the step at which interrupt 91h waits, without blocking from there on. */
static vtdpi_conform_verdict_t sequence(const char *op, unsigned blocked)
{
    state_t host, entered, moved, waiting, passed, exited;
    char text[TEXT_BYTES];
    int length = snprintf(
        text, sizeof text, F2, state_text(host, "host", 0, "", ""),
        state_text(entered, "guest", 0, "", ""), state_text(moved, "guest", 2, "", ""),
        state_text(waiting, "guest", blocked, "145", ""), op,
        state_text(passed, "guest", 0, "145", ""), state_text(exited, "host", 0, "", "145"));
    assert_in_range(length, 1, sizeof text - 1);
    return vectors_verdict(text);
}

/* SDM 3C, "Event Blocking": whether blocking holds an interrupt that exits is the implementation's
 * own. Both are taken, and a difference in anything else is not. */
static void test_vmx_exception__interrupt_held_while_blocked(void **state)
{
    (void)state;
    assert_int_equal(posted(1, true, "145"), VTDPI_CONFORM_EXCEPTED);
    assert_int_equal(posted(2, true, "145"), VTDPI_CONFORM_EXCEPTED);
    assert_int_equal(posted(2, false, "145"), VTDPI_CONFORM_AGREED);
    assert_int_equal(posted(2, true, ""), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(posted(2, false, ""), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(posted(0, true, "145"), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(posted(0, false, "145"), VTDPI_CONFORM_AGREED);
}

/* In a sequence it holds at the boundary that the blocking is in force at, by what is recorded
 * before. */
static void test_vmx_exception__held_at_a_boundary(void **state)
{
    (void)state;
    assert_int_equal(sequence("boundary", 2), VTDPI_CONFORM_EXCEPTED);
    assert_int_equal(sequence("boundary", 0), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(sequence("sti", 2), VTDPI_CONFORM_AGREED);
    assert_int_equal(sequence("sti", 0), VTDPI_CONFORM_DIFFERING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vmx_exception__interrupt_held_while_blocked),
        cmocka_unit_test(test_vmx_exception__held_at_a_boundary),
    };
    return cmocka_run_group_tests_name("vmx_exceptions", tests, NULL, NULL);
}

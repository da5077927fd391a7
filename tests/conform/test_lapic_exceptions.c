/* The exceptions of the local APIC: where they hold and where they do not. */
#include "vtdpi/conform.h"

#include "cmocka_all.h"
#include "vectors.h"

#include <stdio.h>
#include <string.h>

#define NONE "\"0000000000000000000000000000000000000000000000000000000000000000\""

/* A software-enabled or -disabled APIC gets an edge of a vector. */
#define SEQUENCE                                                                                   \
    "{\"id\": \"sequence\", \"family\": \"F3\", \"init\": {" STATE "}, \"steps\": ["               \
    "{\"do\": {\"op\": \"svr\", \"value\": %u}, \"ev\": [], \"st\": {" STATE "}},"                 \
    "{\"do\": {\"op\": \"irq\", \"vector\": %u, \"trig\": \"edge\"}, \"ev\": [], \"st\": {" STATE  \
    "}}, {\"do\": {\"op\": \"tpr\", \"value\": 0}, \"ev\": [], \"st\": {" STATE "}}]}\n"
#define STATE                                                                                      \
    "\"irr\": " NONE ", \"isr\": " NONE ", \"tmr\": " NONE                                         \
    ", \"tpr\": 0, \"ppr\": 0, \"svr\": %u, \"esr\": %u, \"intr\": 0"

/* APIC 0 of eight sends vector 41h. */
#define MATCH                                                                                      \
    "{\"id\": \"match\", \"family\": \"F4\", \"mode\": \"%s\", \"apics\": [%s], \"sender\": 0, "   \
    "\"icr_dest\": \"%08x\", \"icr_lo\": \"%08x\", \"vector\": 65, \"dest_mode\": \"physical\", "  \
    "\"delivery\": \"%s\", \"shorthand\": %u, \"match_logical\": null, \"accepted\": [%s], "       \
    "\"sender_esr\": %u}\n"

/* APIC 2 of eight in the flat model sends vector 41h to a logical destination. */
#define LOGICAL                                                                                    \
    "{\"id\": \"flat\", \"family\": \"F4\", \"mode\": \"xapic-flat\", \"apics\": [%s], "           \
    "\"sender\": 2, \"icr_dest\": \"%08x\", \"icr_lo\": \"%08x\", \"vector\": 65, "                \
    "\"dest_mode\": \"logical\", \"delivery\": \"%s\", \"shorthand\": %u, "                        \
    "\"match_logical\": [%s], \"accepted\": [%s], \"sender_esr\": 0}\n"

/* [esr] is recorded from the interrupt on. */
static vtdpi_conform_verdict_t sequence(unsigned svr, unsigned vector, unsigned esr)
{
    char text[4096];
    int length =
        snprintf(text, sizeof text, SEQUENCE, 0x1FFU, 0U, svr, svr, 0U, vector, svr, esr, svr, esr);
    assert_in_range(length, 1, sizeof text - 1);
    return vectors_verdict(text);
}

typedef struct {
    const char *mode;
    const char *delivery;
    unsigned dest;
    unsigned shorthand;
    const char *accepted;
    unsigned esr;
} match_t;

/* [change]: bits of the ICR that what is decoded from it has otherwise. */
static vtdpi_conform_verdict_t match_changed(match_t m, unsigned change)
{
    char apics[2048] = "";
    char text[4096];
    bool x2apic = strcmp(m.mode, "x2apic") == 0;
    for (unsigned i = 0, at = 0; i < 8; i++) {
        at += (unsigned)snprintf(apics + at, sizeof apics - at,
                                 "%s{\"id\": %u, \"ldr\": \"%08x\", \"dfr\": \"ffffffff\", "
                                 "\"tpr\": %u}",
                                 i == 0 ? "" : ", ", i, x2apic ? 1U << i : 0U, i * 16);
    }
    unsigned icr = 0x4041U | m.shorthand << 18 | (strcmp(m.delivery, "lowest") == 0 ? 0x100U : 0);
    icr ^= change;
    int length = snprintf(text, sizeof text, MATCH, m.mode, apics, m.dest, icr, m.delivery,
                          m.shorthand, m.accepted, m.esr);
    assert_in_range(length, 1, sizeof text - 1);
    return vectors_verdict(text);
}

static vtdpi_conform_verdict_t match(match_t m)
{
    return match_changed(m, 0);
}

/* SDM 3A, "Local APIC State After It Has Been Software Disabled": an illegal vector of what is not
 * accepted is no error. Recorded as one it is excepted, and nothing else is. */
static void test_lapic_exception__illegal_vector_while_disabled(void **state)
{
    (void)state;
    assert_int_equal(sequence(0xFF, 7, 0), VTDPI_CONFORM_AGREED);
    assert_int_equal(sequence(0xFF, 7, 0x40), VTDPI_CONFORM_EXCEPTED);
    assert_int_equal(sequence(0xFF, 17, 0), VTDPI_CONFORM_AGREED);
    assert_int_equal(sequence(0xFF, 17, 0x40), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(sequence(0xFF, 7, 0x41), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(sequence(0xFF, 7, 0x20), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(sequence(0x1FF, 7, 0x40), VTDPI_CONFORM_AGREED);
    assert_int_equal(sequence(0x1FF, 7, 0), VTDPI_CONFORM_DIFFERING);
}

/* SDM 3A, "Interrupt Command Register (ICR)": lowest priority is reserved in x2APIC mode and with
 * the shorthands self and all including self. Recorded as sent to the one of lowest priority it is
 * excepted, and no other receiver or error is. */
static void test_lapic_exception__lowest_priority_that_cannot_be_sent(void **state)
{
    (void)state;
    assert_int_equal(match((match_t){"x2apic", "lowest", 3, 0, "3", 0}), VTDPI_CONFORM_EXCEPTED);
    assert_int_equal(match((match_t){"x2apic", "lowest", 9, 0, "", 4}), VTDPI_CONFORM_EXCEPTED);
    assert_int_equal(match((match_t){"xapic-flat", "lowest", 0, 1, "0", 0}),
                     VTDPI_CONFORM_EXCEPTED);
    assert_int_equal(match((match_t){"xapic-flat", "lowest", 0, 2, "0", 0}),
                     VTDPI_CONFORM_EXCEPTED);
    assert_int_equal(match((match_t){"x2apic", "lowest", 3, 0, "4", 0}), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(match((match_t){"x2apic", "lowest", 3, 0, "3", 4}), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(match((match_t){"x2apic", "lowest", 3, 0, "", 4}), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(match((match_t){"x2apic", "lowest", 3, 0, "", 0x10}), VTDPI_CONFORM_AGREED);
    assert_int_equal(match((match_t){"x2apic", "lowest", 9, 0, "", 5}), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(match((match_t){"x2apic", "lowest", 9, 0, "", 0}), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(match((match_t){"x2apic", "lowest", 0, 1, "0", 0}), VTDPI_CONFORM_EXCEPTED);
    assert_int_equal(match((match_t){"x2apic", "lowest", 0, 3, "1", 0}), VTDPI_CONFORM_EXCEPTED);
    assert_int_equal(match((match_t){"x2apic", "lowest", 0, 3, "0", 0}), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(match((match_t){"xapic-flat", "lowest", 0, 2, "0, 1", 0}),
                     VTDPI_CONFORM_DIFFERING);
    assert_int_equal(match((match_t){"xapic-flat", "lowest", 0, 2, "", 0}), VTDPI_CONFORM_AGREED);
    assert_int_equal(match((match_t){"xapic-flat", "lowest", 9, 0, "", 4}), VTDPI_CONFORM_EXCEPTED);
    assert_int_equal(match((match_t){"xapic-flat", "lowest", 3, 0, "3", 0}), VTDPI_CONFORM_AGREED);
    assert_int_equal(match((match_t){"xapic-flat", "lowest", 3, 0, "4", 0}),
                     VTDPI_CONFORM_DIFFERING);
    assert_int_equal(match((match_t){"xapic-flat", "lowest", 0, 3, "1", 0}), VTDPI_CONFORM_AGREED);
    assert_int_equal(match((match_t){"xapic-flat", "lowest", 0, 3, "2", 0}),
                     VTDPI_CONFORM_DIFFERING);
    assert_int_equal(match((match_t){"x2apic", "fixed", 3, 0, "3", 0}), VTDPI_CONFORM_AGREED);
    assert_int_equal(match((match_t){"x2apic", "fixed", 3, 0, "4", 0}), VTDPI_CONFORM_DIFFERING);
}

/* SDM 3A, "Error Handling": the send accept error is not of these processors. It is excepted where
 * it is all that happened. */
static void test_lapic_exception__send_accept_error(void **state)
{
    (void)state;
    assert_int_equal(match((match_t){"xapic-flat", "fixed", 9, 0, "", 4}), VTDPI_CONFORM_EXCEPTED);
    assert_int_equal(match((match_t){"xapic-flat", "fixed", 9, 0, "", 0}), VTDPI_CONFORM_AGREED);
    assert_int_equal(match((match_t){"xapic-flat", "fixed", 3, 0, "3", 4}),
                     VTDPI_CONFORM_DIFFERING);
    assert_int_equal(match((match_t){"xapic-flat", "fixed", 9, 0, "", 0x20}),
                     VTDPI_CONFORM_DIFFERING);
    assert_int_equal(match((match_t){"xapic-flat", "fixed", 9, 0, "", 5}), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(match((match_t){"xapic-flat", "fixed", 9, 0, "1", 4}),
                     VTDPI_CONFORM_DIFFERING);
    assert_int_equal(match((match_t){"xapic-flat", "fixed", 3, 0, "", 4}), VTDPI_CONFORM_DIFFERING);
}

/* The destination is logical, and APIC 0 alone has no logical ID. */
static vtdpi_conform_verdict_t flat(unsigned dest, const char *delivery, unsigned shorthand,
                                    const char *logical, const char *accepted)
{
    char apics[2048] = "";
    char text[4096];
    for (unsigned i = 0, at = 0; i < 8; i++) {
        at += (unsigned)snprintf(apics + at, sizeof apics - at,
                                 "%s{\"id\": %u, \"ldr\": \"%02x000000\", \"dfr\": \"ffffffff\", "
                                 "\"tpr\": %u}",
                                 i == 0 ? "" : ", ", i, i == 0 ? 0 : 1U << i, i * 16);
    }
    unsigned icr = 0x4841U | shorthand << 18 | (strcmp(delivery, "lowest") == 0 ? 0x100U : 0);
    int length = snprintf(text, sizeof text, LOGICAL, apics, dest, icr, delivery, shorthand,
                          logical, accepted);
    assert_in_range(length, 1, sizeof text - 1);
    return vectors_verdict(text);
}

/* SDM 3A, "Determining IPI Destination": FFh is a broadcast in the flat model. Compared bit by bit
 * it is excepted, also where the vector has a second exception, and no other match is. */
static void test_lapic_exception__flat_broadcast(void **state)
{
    (void)state;
    assert_int_equal(flat(0xFF, "fixed", 0, "1,1,1,1,1,1,1,1", "0,1,2,3,4,5,6,7"),
                     VTDPI_CONFORM_AGREED);
    assert_int_equal(flat(0xFF, "fixed", 0, "0,1,1,1,1,1,1,1", "1,2,3,4,5,6,7"),
                     VTDPI_CONFORM_EXCEPTED);
    assert_int_equal(flat(0xFF, "lowest", 0, "0,1,1,1,1,1,1,1", "1"), VTDPI_CONFORM_EXCEPTED);
    assert_int_equal(flat(0xFF, "lowest", 1, "0,1,1,1,1,1,1,1", "2"), VTDPI_CONFORM_EXCEPTED);
    assert_int_equal(flat(0xFF, "lowest", 1, "0,1,1,1,1,1,1,1", "3"), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(flat(0xFF, "lowest", 0, "0,1,1,1,1,1,1,1", "0"), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(flat(0xFF, "fixed", 0, "0,0,1,1,1,1,1,1", "2,3,4,5,6,7"),
                     VTDPI_CONFORM_DIFFERING);
    assert_int_equal(flat(0xFE, "fixed", 0, "0,1,1,1,1,1,1,1", "1,2,3,4,5,6,7"),
                     VTDPI_CONFORM_AGREED);
    assert_int_equal(flat(0xFE, "fixed", 0, "1,1,1,1,1,1,1,1", "0,1,2,3,4,5,6,7"),
                     VTDPI_CONFORM_DIFFERING);
}

/* Vector, delivery mode, destination mode and shorthand are those of the ICR beside them. */
static void test_lapic_match__decoded_from_the_icr(void **state)
{
    static const unsigned changes[] = {0x1, 0x100, 0x800, 0x40000};
    (void)state;
    match_t agreed = {"xapic-flat", "fixed", 9, 0, "", 0};
    match_t excepted = {"xapic-flat", "fixed", 9, 0, "", 4};
    assert_int_equal(match(agreed), VTDPI_CONFORM_AGREED);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        assert_int_equal(match_changed(agreed, changes[i]), VTDPI_CONFORM_DIFFERING);
        assert_int_equal(match_changed(excepted, changes[i]), VTDPI_CONFORM_DIFFERING);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lapic_exception__illegal_vector_while_disabled),
        cmocka_unit_test(test_lapic_exception__lowest_priority_that_cannot_be_sent),
        cmocka_unit_test(test_lapic_exception__send_accept_error),
        cmocka_unit_test(test_lapic_exception__flat_broadcast),
        cmocka_unit_test(test_lapic_match__decoded_from_the_icr),
    };
    return cmocka_run_group_tests_name("lapic_exceptions", tests, NULL, NULL);
}

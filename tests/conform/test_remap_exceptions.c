/* The exceptions of interrupt remapping: where they hold and where they do not. */
#include "vtdpi/conform.h"

#include "cmocka_all.h"
#include "vectors.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 4096 };

#define SETUP                                                                                      \
    "\"setup\": {\"table\": \"A\", \"table_size_field\": 7, \"table_entries\": 256, \"eime\": 1, " \
    "\"cfi\": 0, \"ire\": 1}, "

/* A request of 9f07h by entry 17, with the fault that is recorded. */
#define REQUEST                                                                                    \
    "{\"id\": \"request\", \"category\": \"reserved_bits_many\", " SETUP                           \
    "\"irtes\": {\"A:17\": [\"0x0000000300d600ad\", \"0x%016llx\"]}, "                             \
    "\"steps\": [{\"op\": \"msi\", \"sid\": \"0x9f07\", \"addr\": \"0xfee00230\", "                \
    "\"data\": \"0x00008034\", \"via\": \"msi\"}], "                                               \
    "\"expect\": [{\"delivered\": [], \"events\": [], \"fsts\": \"0x00000002\", "                  \
    "\"fault\": {\"reason\": \"0x%02x\", \"sid\": \"0x%04x\", \"index\": 17, "                     \
    "\"frcd\": [\"0x0011000000000000\", \"0x800000%02x00009f07\"]}, \"blocked\": true}]}"

/* A descriptor of no type, then a write to FSTS; a register is read at the end. */
#define STOPPED "{\"delivered\": [], \"events\": [], \"fsts\": \"0x%08x\", \"fault\": null"
#define QUEUE                                                                                      \
    "{\"id\": \"queue\", \"category\": \"seq_qi_error_and_msi\", " SETUP                           \
    "\"irtes\": {}, \"steps\": [{\"op\": \"qi\", \"descs\": [[\"0x0\", \"0x0\"]]}, "               \
    "{\"op\": \"write\", \"reg\": \"FSTS\", \"value\": \"0x%08x\"}, "                              \
    "{\"op\": \"read\", \"reg\": \"IQH\"}], \"expect\": [" STOPPED                                 \
    ", \"iqh\": \"0x20\", \"iqt\": \"0x30\"}, " STOPPED "}, " STOPPED                              \
    ", \"value\": \"0x%016x\"}]}"

/* [high]: the entry's bits 127:64. */
static vtdpi_conform_verdict_t request(unsigned long long high, unsigned reason, unsigned sid)
{
    char text[TEXT_BYTES];
    int length = snprintf(text, sizeof text, REQUEST, high, reason, sid, reason);
    assert_in_range(length, 1, sizeof text - 1);
    return vectors_verdict(text);
}

/* [fsts] is recorded after the write of [value], then [head] is read. */
static vtdpi_conform_verdict_t queue(unsigned value, unsigned fsts, unsigned head)
{
    char text[TEXT_BYTES];
    int length = snprintf(text, sizeof text, QUEUE, value, 0x10U, fsts, fsts, head);
    assert_in_range(length, 1, sizeof text - 1);
    return vectors_verdict(text);
}

/* VT-d, "Interrupt Remapping Hardware Operation": the source is validated before the reserved bits.
 * The other order is excepted where the entry has both errors, and the record is of the request. */
static void test_remap_exception__reserved_bits_before_the_source(void **state)
{
    (void)state;

    static const unsigned long long both = 0x8000000000049f06, source = 0x0000000000049f06,
                                    reserved = 0x8000000000049f07;

    assert_int_equal(request(both, 0x26, 0x9f07), VTDPI_CONFORM_AGREED);
    assert_int_equal(request(both, 0x24, 0x9f07), VTDPI_CONFORM_EXCEPTED);
    assert_int_equal(request(both, 0x24, 0x9f06), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(request(both, 0x22, 0x9f07), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(request(source, 0x26, 0x9f07), VTDPI_CONFORM_AGREED);
    assert_int_equal(request(source, 0x24, 0x9f07), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(request(reserved, 0x24, 0x9f07), VTDPI_CONFORM_AGREED);
    assert_int_equal(request(reserved, 0x26, 0x9f07), VTDPI_CONFORM_DIFFERING);
}

/* VT-d, "Fault Status Register": when IQE is cleared the queue goes on, and meets the descriptor
 * again. That it waits is excepted once IQE has been cleared, and nothing else is. */
static void test_remap_exception__queue_waits_for_its_tail(void **state)
{
    (void)state;
    assert_int_equal(queue(0x10, 0x10, 0x20), VTDPI_CONFORM_AGREED);
    assert_int_equal(queue(0x10, 0x00, 0x20), VTDPI_CONFORM_EXCEPTED);
    assert_int_equal(queue(0x10, 0x00, 0x30), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(queue(0x10, 0x02, 0x20), VTDPI_CONFORM_DIFFERING);
    assert_int_equal(queue(0x01, 0x10, 0x20), VTDPI_CONFORM_AGREED);
    assert_int_equal(queue(0x01, 0x00, 0x20), VTDPI_CONFORM_DIFFERING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_remap_exception__reserved_bits_before_the_source),
        cmocka_unit_test(test_remap_exception__queue_waits_for_its_tail),
    };
    return cmocka_run_group_tests_name("remap_exceptions", tests, NULL, NULL);
}

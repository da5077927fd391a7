/* The log: forms of Linux's trace points where they exist, one vocabulary in three formats,
 * filters. */
#include "vtdpi/log.h"

#include "log/put.h"
#include "log/rows.h"
#include "specimen.h"

#include <inttypes.h>

static vtdpi_specimen_t specimen;

/** The log of [count] events in [format], without its first line or lines. */
static char *log_of(vtdpi_log_options_t options, const vtdpi_event_t *events, size_t count)
{
    vtdpi_capture_t capture;
    vtdpi_log_t *log;
    vtdpi_specimen_make(&specimen);
    vtdpi_capture_start(&capture);
    assert_int_equal(vtdpi_log_open(&options, capture.file, &specimen.scenario, NULL, &log),
                     VTDPI_OK);
    for (size_t i = 0; i < count; i++) {
        vtdpi_log_event(log, &events[i]);
    }
    assert_int_equal(vtdpi_log_close(log), VTDPI_OK);
    vtdpi_capture_end(&capture);
    return capture.text;
}

static void assert_line(vtdpi_log_format_t format, vtdpi_event_t event, const char *expected)
{
    char *text = log_of((vtdpi_log_options_t){.format = format}, &event, 1);
    char *line = strchr(text, '\n') + 1;
    if (format == VTDPI_LOG_CSV) {
        line = strchr(line, '\n') + 1;
    }
    assert_string_equal(line, expected);
    free(text);
}

static vtdpi_event_t event_of(unsigned kind, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
    return (vtdpi_event_t){.ps = 1500042123,
                           .cyc = 3000084,
                           .a = {a0, a1, a2, a3},
                           .event = (uint16_t)kind,
                           .actor = 4,
                           .cpu = 2};
}

/* Names and printed forms: section 12 of the hypervisor reference, "What KVM developers look at".
 */
static void test_log__linux_trace_points__printed_as_linux_prints_them(void **state)
{
    (void)state;
#define TASK "       CPU 1/KVM-2001    [002] .....     0.001500042: "
    assert_line(VTDPI_LOG_TEXT, event_of(VTDPI_EV_kvm_exit, 1, 12, 0, 0),
                TASK "kvm_exit: vcpu 1 reason HLT rip 0x0 info1 0x0000000000000000 info2 "
                     "0x0000000000000000 intr_info 0x00000000 error_code 0x00000000\n");
    assert_line(VTDPI_LOG_TEXT, event_of(VTDPI_EV_kvm_exit, 1, 1, 0, 0x800000f2),
                TASK "kvm_exit: vcpu 1 reason EXTERNAL_INTERRUPT rip 0x0 info1 0x0000000000000000 "
                     "info2 0x0000000000000000 intr_info 0x800000f2 error_code 0x00000000\n");
    assert_line(VTDPI_LOG_TEXT, event_of(VTDPI_EV_kvm_entry, 1, 0x41, 0, 0),
                TASK "kvm_entry: vcpu 1, rip 0x0 intr_info 0x00000000 error_code 0x00000000\n");
    assert_line(VTDPI_LOG_TEXT, event_of(VTDPI_EV_kvm_apicv_accept_irq, 1, 0x41, 0, 0),
                TASK "kvm_apicv_accept_irq: apicid 1 vec 65 (Fixed|edge)\n");
    assert_line(VTDPI_LOG_TEXT, event_of(VTDPI_EV_kvm_eoi, 1, 0x41, 0, 0),
                TASK "kvm_eoi: apicid 1 vector 65\n");
    assert_line(VTDPI_LOG_TEXT, event_of(VTDPI_EV_kvm_inj_virq, 1, 0x41, 0, 0),
                TASK "kvm_inj_virq: irq 65\n");
    assert_line(VTDPI_LOG_TEXT, event_of(VTDPI_EV_kvm_vcpu_wakeup, 1, 4685000123, 0, 0),
                TASK "kvm_vcpu_wakeup: wait time 4685000 ns, polling valid\n");
#undef TASK
#define TASK "          actor4-4       [002] .....     0.001500042: "
    assert_line(VTDPI_LOG_TEXT, event_of(VTDPI_EV_kvm_pi_irte_update, 1, 2, 0x42, 1),
                TASK
                "kvm_pi_irte_update: PI is enabled and being updated for irq 1, vcpu 0, gsi: 0x1, "
                "gvec: 0x42\n");
    assert_line(VTDPI_LOG_TEXT, event_of(VTDPI_EV_kvm_pi_irte_update, 1, VTDPI_NOBODY, 0x42, 0),
                TASK
                "kvm_pi_irte_update: PI is disabled for irq 1, vcpu -1, gsi: 0x1, gvec: 0x42\n");
    assert_line(VTDPI_LOG_TEXT, event_of(VTDPI_EV_sched_switch, 0, 3, 1, 0),
                TASK
                "sched_switch: prev_comm=CPU 0/KVM prev_pid=2000 prev_prio=120 prev_state=R+ ==> "
                "next_comm=thread3 next_pid=2003 next_prio=120\n");
    assert_line(VTDPI_LOG_TEXT, event_of(VTDPI_EV_sched_wakeup, 1, 3, 0, 0),
                TASK "sched_wakeup: comm=CPU 1/KVM pid=2001 prio=120 target_cpu=003\n");
#undef TASK
}

/* What Linux cannot see stands under the prefix of its source; the id of the interrupt stands at
 * the end. */
static void test_log__hardware_event__source_in_front_and_id_at_the_end(void **state)
{
    (void)state;
    vtdpi_event_t event = event_of(VTDPI_EV_posted, 2, 0x41, 0, UINT64_C(0x300F20001));
    event.id = 12;
    event.cpu = UINT16_MAX;
    assert_line(VTDPI_LOG_TEXT, event,
                "          actor4-4       [---] .....     0.001500042: iommu:posted: vcpu=b/0 "
                "vector=0x41 pir_was_set=false control=ON=1 SN=0 NV=0xf2 NDST=0x3 irq#12\n");
}

/* JSON Lines: time in ps, ns and cycles, then who, then the arguments by name with readable values.
 */
static void test_log__jsonl__arguments_by_name(void **state)
{
    (void)state;
    vtdpi_event_t event = event_of(VTDPI_EV_posted, 2, 0x41, 1, 0x10002);
    event.id = 12;
    event.cpu = UINT16_MAX;
    event.ps = 42;
    assert_line(VTDPI_LOG_JSONL, event,
                "{\"ps\":42,\"ns\":0.042,\"cyc\":3000084,\"event\":\"posted\",\"actor\":\"actor4\","
                "\"cpu\":null,\"id\":12,\"vcpu\":\"b/0\",\"vector\":\"0x41\",\"pir_was_set\":true,"
                "\"control\":\"ON=0 SN=1 NV=0x01 NDST=0x0\"}\n");
    assert_line(
        VTDPI_LOG_JSONL, event_of(VTDPI_EV_msi_written, 2, 0xfee00000, 5, 1234567),
        "{\"ps\":1500042123,\"ns\":1500042.123,\"cyc\":3000084,\"event\":\"msi_written\","
        "\"actor\":\"actor4\",\"cpu\":2,\"id\":0,\"irq\":\"qemu/0\",\"addr\":\"0xfee00000\","
        "\"data\":\"0x5\",\"held_ns\":1234.567}\n");
    assert_line(
        VTDPI_LOG_JSONL, event_of(VTDPI_EV_blocked, 0x22, 17, 0x18, 1),
        "{\"ps\":1500042123,\"ns\":1500042.123,\"cyc\":3000084,\"event\":\"blocked\",\"actor\":"
        "\"actor4\",\"cpu\":2,\"id\":0,\"reason\":\"irte_not_present\",\"index\":17,"
        "\"requester\":\"0x18\",\"recorded\":true}\n");
    assert_line(VTDPI_LOG_JSONL,
                event_of(VTDPI_EV_monitor_fired, VTDPI_MONITOR_s2, VTDPI_NOBODY, 0, 0),
                "{\"ps\":1500042123,\"ns\":1500042.123,\"cyc\":3000084,\"event\":\"monitor_fired\","
                "\"actor\":\"actor4\",\"cpu\":2,\"id\":0,\"monitor\":\"s2\",\"vcpu\":null}\n");
}

/** Record number [i] of many: kinds in turn, values that come again and values that do not, times
 * that cross powers of ten. */
static vtdpi_event_t record_of(unsigned i)
{
    static const uint64_t often[] = {0, 1, 2, 0x41, 0xf2, VTDPI_NOBODY, UINT16_MAX, 0x300F20001};
    uint64_t a[4];
    for (unsigned j = 0; j < 4; j++) {
        unsigned pick = (i * 2654435761U + j * 40503U) >> 8;
        a[j] = pick % 3 == 0 ? (uint64_t)pick * pick : often[pick % 8];
    }
    vtdpi_event_t event = event_of(i % VTDPI_EV_COUNT, a[0], a[1], a[2], a[3]);
    event.ps = i % 2 == 0 ? UINT64_C(99999990) + i : (uint64_t)i << (i % 50);
    event.cyc = i % 3 == 0 ? UINT64_C(99999980) + i : (uint64_t)i * i * i;
    event.id = i / 5 % 7;
    event.actor = i % 11 == 0 ? UINT16_MAX : (uint16_t)(i / 3 % 19);
    event.cpu = i % 4 == 0 ? UINT16_MAX : (uint16_t)(i % 3);
    return event;
}

/* A record's line does not depend on the records before it: in the opposite order there are the
 * same lines. */
static void test_log__records_in_either_order__same_lines(void **state)
{
    (void)state;

    enum { COUNT = 4000 };

    static vtdpi_event_t events[COUNT], opposite[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        events[i] = record_of(i);
        opposite[COUNT - 1 - i] = events[i];
    }
    char *text = log_of((vtdpi_log_options_t){.format = VTDPI_LOG_JSONL}, events, COUNT);
    char *other = log_of((vtdpi_log_options_t){.format = VTDPI_LOG_JSONL}, opposite, COUNT);
    assert_int_equal(strlen(text), strlen(other));
    char *line = strchr(text, '\n') + 1;
    char *behind = other + strlen(other);
    for (unsigned i = 0; i < COUNT; i++) {
        size_t length = (size_t)(strchr(line, '\n') + 1 - line);
        behind -= length;
        assert_memory_equal(line, behind, length);
        line += length;
    }
    assert_int_equal(*line, '\0');
    free(text);
    free(other);
}

/* Every file that we write names its format and version. */
static void test_log__top_of_file__names_format_and_version(void **state)
{
    (void)state;

    static const struct {
        vtdpi_log_format_t format;
        const char *top;
    } cases[] = {
        {VTDPI_LOG_TEXT, "# vtdpi-log text 1\n"},
        {VTDPI_LOG_CSV, "# vtdpi-log csv 1\nps,ns,cyc,event,actor,cpu,id,"},
        {VTDPI_LOG_JSONL, "{\"format\":\"vtdpi-log\",\"version\":1,\"scenario\":\"a \\\"small\\\" "
                          "scenario\",\"seed\":7}\n"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = log_of((vtdpi_log_options_t){.format = cases[i].format}, NULL, 0);
        assert_memory_equal(text, cases[i].top, strlen(cases[i].top));
        free(text);
    }
}

static unsigned count_of(const char *text, const char *end, char wanted)
{
    unsigned count = 0;
    for (const char *c = text; c != end; c++) {
        count += *c == wanted;
    }
    return count;
}

/* A new row of events.def is written by every writer: one line, in CSV as many columns as the
 * header has. */
static void test_log__every_event__one_well_formed_line_in_each_format(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < VTDPI_EV_COUNT; kind++) {
        for (int nobody = 0; nobody < 2; nobody++) {
            uint64_t a = nobody ? VTDPI_NOBODY : 1;
            vtdpi_event_t event = event_of(kind, a, a, a, a);
            char *csv = log_of((vtdpi_log_options_t){.format = VTDPI_LOG_CSV}, &event, 1);
            char *header = strchr(csv, '\n') + 1;
            char *line = strchr(header, '\n') + 1;
            assert_int_equal(count_of(header, line, ','), count_of(line, line + strlen(line), ','));
            assert_int_equal(count_of(line, line + strlen(line), '\n'), 1);
            free(csv);
            char *json = log_of((vtdpi_log_options_t){.format = VTDPI_LOG_JSONL}, &event, 1);
            line = strchr(json, '\n') + 1;
            assert_int_equal(count_of(line, line + strlen(line), '"') % 2, 0);
            assert_non_null(strstr(line, vtdpi_event_name(kind)));
            assert_string_equal(line + strlen(line) - 2, "}\n");
            free(json);
            char *text = log_of((vtdpi_log_options_t){.format = VTDPI_LOG_TEXT}, &event, 1);
            assert_non_null(strstr(text, vtdpi_event_name(kind)));
            assert_int_equal(count_of(text, text + strlen(text), '\n'), 2);
            free(text);
        }
    }
}

/* No argument is called like a column that every record has: keys of a JSON object are unique. */
static void test_log__arguments__unique_keys(void **state)
{
    (void)state;
    static const char *const columns[] = {"ps", "ns", "cyc", "event", "actor", "cpu", "id"};
    for (unsigned kind = 0; kind < VTDPI_EV_COUNT; kind++) {
        const vtdpi_arg_t *arguments = vtdpi_event_rows[kind].arguments;
        for (int i = 0; i < VTDPI_ARGUMENTS && arguments[i].name != NULL; i++) {
            for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
                assert_string_not_equal(arguments[i].name, columns[c]);
            }
            for (int j = 0; j < i; j++) {
                assert_string_not_equal(arguments[i].name, arguments[j].name);
            }
        }
    }
}

/* The filter by event and the filter by interrupt both have to let a record pass. */
static void test_log__filters__only_what_was_asked_for(void **state)
{
    (void)state;
    vtdpi_event_t events[3] = {event_of(VTDPI_EV_posted, 0, 0, 0, 0),
                               event_of(VTDPI_EV_eoi, 0, 0, 0, 0),
                               event_of(VTDPI_EV_eoi, 0, 0, 0, 0)};
    events[0].id = 1;
    events[1].id = 1;
    events[2].id = 2;
    vtdpi_log_options_t options = {.format = VTDPI_LOG_JSONL, .id = 1};
    assert_true(vtdpi_log_filter(&options, "eoi"));
    assert_false(vtdpi_log_filter(&options, "eio"));
    char *text = log_of(options, events, 3);
    assert_int_equal(count_of(text, text + strlen(text), '\n'), 2);
    assert_non_null(strstr(text, "\"eoi\",\"actor\":\"actor4\",\"cpu\":2,\"id\":1"));
    free(text);
}

/* The suffix of a file name tells the format; a name without a known one tells nothing. */
static void test_log_format__by_suffix_or_name(void **state)
{
    (void)state;
    vtdpi_log_format_t format = VTDPI_LOG_TEXT;
    assert_true(vtdpi_log_format("a.b/run.jsonl", &format));
    assert_int_equal(format, VTDPI_LOG_JSONL);
    assert_true(vtdpi_log_format("csv", &format));
    assert_int_equal(format, VTDPI_LOG_CSV);
    assert_true(vtdpi_log_format("x.log", &format));
    assert_int_equal(format, VTDPI_LOG_TEXT);
    assert_false(vtdpi_log_format("x.vcd", &format));
}

/* A full disk is an error, not a short log. */
static void test_log__device_full__error(void **state)
{
    (void)state;
    FILE *file = fopen("/dev/full", "w");
    if (file == NULL) {
        skip();
    }
    vtdpi_log_t *log;
    vtdpi_specimen_make(&specimen);
    vtdpi_log_options_t options = {.format = VTDPI_LOG_CSV};
    assert_int_equal(vtdpi_log_open(&options, file, &specimen.scenario, NULL, &log), VTDPI_OK);
    assert_int_equal(vtdpi_log_close(log), VTDPI_ERR_INTERNAL);
    (void)fclose(file);
}

/* The hand-made numbers are those of printf at every change of length. */
static void test_put__numbers_around_powers_of_ten__as_printf(void **state)
{
    (void)state;
    uint64_t power = 1;
    for (int digits = 1; digits <= 20; digits++) {
        for (int delta = -1; delta <= 1; delta++) {
            uint64_t value = power + (uint64_t)(int64_t)delta;
            char ours[64], theirs[64];
            *vtdpi_put_u64(ours, value) = '\0';
            (void)snprintf(theirs, sizeof theirs, "%" PRIu64, value);
            assert_string_equal(ours, theirs);
            *vtdpi_put_milli(ours, value) = '\0';
            (void)snprintf(theirs, sizeof theirs, "%" PRIu64 ".%03u", value / 1000,
                           (unsigned)(value % 1000));
            assert_string_equal(ours, theirs);
            *vtdpi_put_hex(ours, value, 3) = '\0';
            (void)snprintf(theirs, sizeof theirs, "0x%03" PRIx64, value);
            assert_string_equal(ours, theirs);
        }
        power *= 10;
    }
    for (uint32_t value = 0; value < VTDPI_PUT_8; value += 98765) {
        char ours[64], theirs[64];
        *vtdpi_put_8_milli(ours, value) = '\0';
        (void)snprintf(theirs, sizeof theirs, "%05u.%03u", value / 1000, value % 1000);
        assert_string_equal(ours, theirs);
    }
}

/* One line an interrupt, one column a stage; a latency only where there is one. */
static void test_table__records__one_line_each_with_every_column(void **state)
{
    (void)state;
    vtdpi_capture_t capture;
    vtdpi_table_t *table;
    vtdpi_specimen_make(&specimen);
    vtdpi_interrupt_record_t delivered = vtdpi_specimen_record(1, 1234567);
    vtdpi_interrupt_record_t blocked = vtdpi_specimen_record(2, 10);
    vtdpi_interrupt_record_t pending = vtdpi_specimen_record(3, 10);
    vtdpi_interrupt_record_t merged = vtdpi_specimen_record(4, 10);
    blocked.fate = VTDPI_FATE_BLOCKED;
    blocked.reason = 0x26;
    pending.fate = VTDPI_FATE_PENDING;
    pending.vcpu = VTDPI_NOBODY;
    merged.fate = VTDPI_FATE_COALESCED;
    merged.carrier = 1;
    vtdpi_capture_start(&capture);
    assert_int_equal(vtdpi_table_open(capture.file, &specimen.scenario, &table), VTDPI_OK);
    vtdpi_table_add(table, &delivered);
    vtdpi_table_add(table, &blocked);
    vtdpi_table_add(table, &pending);
    vtdpi_table_add(table, &merged);
    assert_int_equal(vtdpi_table_close(table), VTDPI_OK);
    vtdpi_capture_end(&capture);
    char *header = strchr(capture.text, '\n') + 1;
    unsigned columns = count_of(header, strchr(header, '\n'), ',');
    unsigned lines = 0;
    for (char *line = header; *line != '\0'; line = strchr(line, '\n') + 1) {
        assert_int_equal(count_of(line, strchr(line, '\n'), ','), columns);
        lines++;
    }
    assert_int_equal(lines, 5);
    assert_non_null(strstr(capture.text,
                           "\n1,nic/0,a/0,0x41,delivered,,,0,1000.000,1005.000,2239.567,"
                           "1234.567,1239.567,0.000,0,0,0,1234.567,"));
    assert_non_null(strstr(capture.text, "\n2,nic/0,a/0,0x41,blocked,,source_invalid,0,2000.000,"
                                         "2005.000,2005.010,,,"));
    assert_non_null(strstr(capture.text, "\n3,nic/0,,0x41,pending,,,0,3000.000,3005.000,,,,"));
    assert_non_null(strstr(capture.text, "\n4,nic/0,a/0,0x41,coalesced,1,,"));
    vtdpi_capture_free(&capture);
}

/* The reference page names every event. */
static void test_events_page__every_event_is_there(void **state)
{
    (void)state;
    vtdpi_capture_t capture;
    vtdpi_capture_start(&capture);
    assert_int_equal(vtdpi_events_page_write(capture.file), VTDPI_OK);
    vtdpi_capture_end(&capture);
    for (unsigned kind = 0; kind < VTDPI_EV_COUNT; kind++) {
        char row[80];
        (void)snprintf(row, sizeof row, "\n| `%s` | %s | ", vtdpi_event_name(kind),
                       vtdpi_event_source(kind));
        assert_non_null(strstr(capture.text, row));
    }
    vtdpi_capture_free(&capture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log__linux_trace_points__printed_as_linux_prints_them),
        cmocka_unit_test(test_log__hardware_event__source_in_front_and_id_at_the_end),
        cmocka_unit_test(test_log__jsonl__arguments_by_name),
        cmocka_unit_test(test_log__records_in_either_order__same_lines),
        cmocka_unit_test(test_log__top_of_file__names_format_and_version),
        cmocka_unit_test(test_log__every_event__one_well_formed_line_in_each_format),
        cmocka_unit_test(test_log__arguments__unique_keys),
        cmocka_unit_test(test_log__filters__only_what_was_asked_for),
        cmocka_unit_test(test_log_format__by_suffix_or_name),
        cmocka_unit_test(test_log__device_full__error),
        cmocka_unit_test(test_put__numbers_around_powers_of_ten__as_printf),
        cmocka_unit_test(test_table__records__one_line_each_with_every_column),
        cmocka_unit_test(test_events_page__every_event_is_there),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}

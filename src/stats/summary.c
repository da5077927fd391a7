/* The summary that people read: at most 100 columns. */
#include "vtdpi/log.h"

#include "log/out.h"
#include "log/put.h"
#include "log/rows.h"
#include "stats/stats.h"

#include <stdlib.h>
#include <string.h>

/** [numerator] / [denominator] in hundredths of a per cent, rounded; 0 of nothing. */
static uint64_t share(uint64_t numerator, uint64_t denominator)
{
    return denominator > 0 ? vtdpi_scale(numerator, 10000, denominator) : 0;
}

/** [value] hundredths with two decimals and [suffix], right-aligned in [width]. */
static void put_hundredths(vtdpi_out_t *out, uint64_t value, const char *suffix, int width)
{
    char text[48];
    (void)snprintf(text, sizeof text, "%llu.%02u%s", (unsigned long long)(value / 100),
                   (unsigned)(value % 100), suffix);
    vtdpi_out_printf(out, "%*s", width, text);
}

/** A statistic, right-aligned; "-" if it has no value. */
static void put_stat(vtdpi_out_t *out, const vtdpi_stats_t *stats, unsigned row, int width)
{
    vtdpi_stat_t stat;
    char text[32] = "-";
    if (vtdpi_stats_at(stats, row, &stat) && stat.defined) {
        (void)vtdpi_stat_text(&stat, text);
    }
    vtdpi_out_printf(out, "%*s", width, text);
}

/** A line of "word number" pairs; [rows] holds [count] statistics. */
static void put_pairs(vtdpi_out_t *out, const vtdpi_stats_t *stats, const unsigned *rows,
                      const char *const *words, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        vtdpi_out_printf(out, "%s%s ", i == 0 ? "  " : "   ", words[i]);
        put_stat(out, stats, rows[i], 0);
    }
    vtdpi_out_text(out, "\n");
}

static void put_title(vtdpi_out_t *out, const vtdpi_stats_t *stats)
{
    const vtdpi_scenario_t *s = stats->scenario;
    const vtdpi_totals_t *t = &stats->totals;
    char ms[VTDPI_PUT_MAX + 1];
    *vtdpi_put_milli(ms, vtdpi_scale(t->end_ps, 1, 1000000)) = '\0';
    vtdpi_out_text(out, s->name != NULL ? s->name : "(no name)");
    vtdpi_out_printf(out, "\nprotocol %s, timing %s, seed %llu\n",
                     s->hypervisor.protocol != NULL ? s->hypervisor.protocol : "-",
                     s->timing != NULL ? s->timing : "-", (unsigned long long)s->seed);
    vtdpi_out_printf(out, "simulated %s ms: %llu core cycles, %llu operations\n", ms,
                     (unsigned long long)t->cycles, (unsigned long long)t->operations);
    vtdpi_out_text(out, t->limit     ? "the drain was cut off by drain_limit\n"
                        : t->drained ? "nothing was pending at the end\n"
                                     : "something was pending at the end\n");
}

static void put_interrupts(vtdpi_out_t *out, const vtdpi_stats_t *stats)
{
    static const unsigned fates[] = {VTDPI_STAT_interrupts_delivered,
                                     VTDPI_STAT_interrupts_coalesced, VTDPI_STAT_interrupts_blocked,
                                     VTDPI_STAT_interrupts_lost, VTDPI_STAT_interrupts_pending};
    static const char *const words[] = {"delivered", "coalesced", "blocked", "lost", "pending"};
    vtdpi_out_text(out, "\nInterrupts\n  written ");
    put_stat(out, stats, VTDPI_STAT_interrupts_written, 0);
    vtdpi_out_text(out, " =");
    for (unsigned i = 0; i < 5; i++) {
        vtdpi_out_printf(out, "%s%s ", i == 0 ? " " : " + ", words[i]);
        put_stat(out, stats, fates[i], 0);
    }
    vtdpi_out_text(out, "\n");
}

static void put_notifications(vtdpi_out_t *out, const vtdpi_stats_t *stats)
{
    static const unsigned sent[] = {
        VTDPI_STAT_notifications_sent, VTDPI_STAT_notifications_suppressed_on,
        VTDPI_STAT_notifications_suppressed_sn, VTDPI_STAT_notifications_urgent};
    static const char *const sent_words[] = {"sent", "suppressed by ON", "suppressed by SN",
                                             "forced by URG"};
    static const unsigned ends[] = {VTDPI_STAT_notifications_spurious,
                                    VTDPI_STAT_notifications_misdirected, VTDPI_STAT_wakeups,
                                    VTDPI_STAT_pid_locked_ops};
    static const char *const end_words[] = {"spurious", "misdirected", "wake-ups",
                                            "locked descriptor operations"};
    static const unsigned host[] = {VTDPI_STAT_context_switches, VTDPI_STAT_preemptions,
                                    VTDPI_STAT_migrations,       VTDPI_STAT_host_vectors_used,
                                    VTDPI_STAT_irte_updates,     VTDPI_STAT_irte_invalidations};
    static const char *const host_words[] = {"switches",     "preemptions",  "migrations",
                                             "host vectors", "IRTE updates", "IEC invalidations"};
    vtdpi_out_text(out, "\nNotifications\n");
    put_pairs(out, stats, sent, sent_words, 4);
    put_pairs(out, stats, ends, end_words, 4);
    vtdpi_out_text(out, "\nHost\n");
    put_pairs(out, stats, host, host_words, 6);
}

/** A line of the exit table. */
typedef struct {
    unsigned reason;
    vtdpi_exit_stat_t stat;
} exit_line_t;

/** Most samples first, as perf sorts; then by number. */
static int exit_order(const void *a, const void *b)
{
    const exit_line_t *x = a;
    const exit_line_t *y = b;
    if (x->stat.samples != y->stat.samples) {
        return x->stat.samples > y->stat.samples ? -1 : 1;
    }
    return x->reason < y->reason ? -1 : x->reason > y->reason;
}

/** Picoseconds as microseconds with two decimals. */
static void put_us(vtdpi_out_t *out, uint64_t ps, int width)
{
    put_hundredths(out, vtdpi_scale(ps, 1, 10000), "us", width);
}

static void put_exit(vtdpi_out_t *out, const exit_line_t *line, const vtdpi_exit_stat_t *all)
{
    const char *name = vtdpi_log_exit_name(line->reason);
    char number[16];
    (void)snprintf(number, sizeof number, "%u", line->reason);
    vtdpi_out_printf(out, "%20s %10llu ", name != NULL ? name : number,
                     (unsigned long long)line->stat.samples);
    put_hundredths(out, share(line->stat.samples, all->samples), "%", 9);
    put_hundredths(out, share(line->stat.time_ps, all->time_ps), "%", 10);
    put_us(out, line->stat.min_ps, 12);
    put_us(out, line->stat.max_ps, 12);
    put_us(out, vtdpi_scale(line->stat.time_ps, 1, line->stat.samples), 12);
    vtdpi_out_text(out, "\n");
}

static void put_exits(vtdpi_out_t *out, const vtdpi_stats_t *stats)
{
    exit_line_t lines[VTDPI_EXIT_REASONS];
    vtdpi_exit_stat_t all = {0};
    size_t count = 0;
    for (unsigned reason = 0; reason < VTDPI_EXIT_REASONS; reason++) {
        const vtdpi_exit_stat_t *stat = &stats->totals.exits[reason];
        if (stat->samples > 0) {
            lines[count++] = (exit_line_t){reason, *stat};
            all.samples += stat->samples;
            all.time_ps += stat->time_ps;
        }
    }
    if (count == 0) {
        vtdpi_out_text(out, "\nVM exits: none\n");
        return;
    }
    qsort(lines, count, sizeof lines[0], exit_order);
    vtdpi_out_printf(out,
                     "\nAnalyze events for all VMs, all VCPUs:\n\n%20s %10s %9s%10s%12s%12s%12s\n",
                     "VM-EXIT", "Samples", "Samples%", "Time%", "Min Time", "Max Time", "Avg time");
    for (size_t i = 0; i < count; i++) {
        put_exit(out, &lines[i], &all);
    }
    vtdpi_out_printf(
        out, "\nTotal Samples:%llu, Total events handled time:", (unsigned long long)all.samples);
    put_us(out, all.time_ps, 0);
    vtdpi_out_text(out, ".\n");
}

/** A latency as ns: with one decimal below a second, without above; "-" if it has no value. */
static void put_latency_ns(vtdpi_out_t *out, const vtdpi_stats_t *stats, unsigned row, int width)
{
    const uint64_t second_ps = 1000000000000U;
    uint64_t tenths = vtdpi_scale(stats->milli[row], 1, 100);
    char text[VTDPI_PUT_MAX + 8] = "-";
    if (stats->defined[row] && stats->milli[row] >= second_ps) {
        (void)snprintf(text, sizeof text, "%llu", (unsigned long long)(tenths / 10));
    } else if (stats->defined[row]) {
        (void)snprintf(text, sizeof text, "%llu.%u", (unsigned long long)(tenths / 10),
                       (unsigned)(tenths % 10));
    }
    vtdpi_out_printf(out, "%*s", width, text);
}

/** The part of a stage's description that fits: whole, or up to its first comma or colon. */
static int doc_length(const char *doc)
{
    enum { DOC_WIDTH = 52 };

    size_t length = strlen(doc);
    if (length > DOC_WIDTH) {
        length = strcspn(doc, ":;,(");
    }
    return length < DOC_WIDTH ? (int)length : DOC_WIDTH;
}

static void put_latency(vtdpi_out_t *out, const vtdpi_stats_t *stats)
{
    static const char *const heads[] = {"min", "mean", "p50", "p90", "p99", "p99.9", "max"};
    vtdpi_out_printf(out, "\n%-14s", "Latency, ns");
    for (int i = 0; i < 7; i++) {
        vtdpi_out_printf(out, "%12s", heads[i]);
    }
    vtdpi_out_printf(out, "\n%-14s", "  from write");
    for (unsigned i = 0; i < 7; i++) {
        put_latency_ns(out, stats, VTDPI_STAT_latency_min + i, 12);
    }
    vtdpi_out_printf(out, "\n%-14s", "  from intended");
    for (unsigned i = 0; i < 7; i++) {
        put_latency_ns(out, stats, VTDPI_STAT_intended_min + i, i == 0 ? 11 : 12);
    }
    vtdpi_out_text(out, "\n");
    if (stats->defined[VTDPI_STAT_guess_share_p50]) {
        vtdpi_out_text(out, "Share of the median latency that rests on guesses: ");
        put_stat(out, stats, VTDPI_STAT_guess_share_p50, 0);
        vtdpi_out_text(out, " %\n");
    }
}

static void put_stages(vtdpi_out_t *out, const vtdpi_stats_t *stats)
{
    if (stats->fates[VTDPI_FATE_DELIVERED] == 0) {
        return;
    }
    vtdpi_out_printf(out, "\n%-16s%12s%9s  %-9s%s\n", "Latency by stage", "mean ns", "share",
                     "known by", "what");
    for (unsigned stage = 0; stage < VTDPI_STAGE_COUNT; stage++) {
        if (stats->stage_sum[stage] == 0) {
            continue;
        }
        vtdpi_out_printf(out, "  %-14s", vtdpi_stage_rows[stage].name);
        put_latency_ns(out, stats, VTDPI_STAT_STAGES + stage, 12);
        put_hundredths(out, share(stats->stage_sum[stage], stats->latency_sum), "%", 9);
        vtdpi_out_printf(out, "  %-9s%.*s\n", vtdpi_stage_status(stats, stage),
                         doc_length(vtdpi_stage_rows[stage].doc), vtdpi_stage_rows[stage].doc);
    }
    vtdpi_out_printf(out, "  %-14s", "latency");
    put_latency_ns(out, stats, VTDPI_STAT_latency_mean, 12);
    put_hundredths(out, share(stats->latency_sum, stats->latency_sum), "%", 9);
    vtdpi_out_text(out, "\n");
}

static void put_occupancy(vtdpi_out_t *out, const vtdpi_stats_t *stats)
{
    static const char *const heads[VTDPI_STAT_PARTS] = {"guest", "root", "exit", "idle", "halt"};
    vtdpi_out_printf(out, "\n%-12s", "CPU time");
    for (unsigned part = 0; part < VTDPI_STAT_PARTS; part++) {
        vtdpi_out_printf(out, "%10s", heads[part]);
    }
    vtdpi_out_text(out, "\n");
    for (unsigned cpu = 0; cpu < stats->totals.cpus && cpu < VTDPI_CPU_MAX; cpu++) {
        uint64_t all = 0;
        char name[16];
        for (unsigned part = 0; part < VTDPI_STAT_PARTS; part++) {
            all += vtdpi_occupancy_part(&stats->totals.occupancy[cpu], part);
        }
        (void)snprintf(name, sizeof name, "cpu%u", cpu);
        vtdpi_out_printf(out, "  %-10s", name);
        for (unsigned part = 0; part < VTDPI_STAT_PARTS; part++) {
            put_hundredths(out,
                           share(vtdpi_occupancy_part(&stats->totals.occupancy[cpu], part), all),
                           "%", 10);
        }
        vtdpi_out_text(out, "\n");
    }
}

vtdpi_err_t vtdpi_summary_write(const vtdpi_stats_t *stats, FILE *file)
{
    VTDPI_ASSERT(stats->finished);
    vtdpi_out_t out;
    if (vtdpi_out_open(&out, file) != VTDPI_OK) {
        return VTDPI_ERR_INTERNAL;
    }
    put_title(&out, stats);
    put_interrupts(&out, stats);
    put_notifications(&out, stats);
    put_exits(&out, stats);
    put_latency(&out, stats);
    put_stages(&out, stats);
    put_occupancy(&out, stats);
    bool verdict = stats->scenario->expect_count > 0 || vtdpi_stats_failures(stats) > 0;
    if (verdict) {
        vtdpi_out_text(&out, "\nExpectations\n");
    }
    vtdpi_err_t err = vtdpi_out_close(&out);
    return err != VTDPI_OK || !verdict ? err : vtdpi_verdict_write(stats, file);
}

#include "stats/stats.h"

#include "vtdpi/scenario_io.h"

#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 uint128_t;

uint64_t vtdpi_scale(uint64_t a, uint64_t b, uint64_t c)
{
    VTDPI_ASSERT(c > 0);
    return (uint64_t)(((uint128_t)a * b + c / 2) / c);
}

vtdpi_err_t vtdpi_stats_create(const vtdpi_scenario_t *scenario, vtdpi_stats_t **out)
{
    vtdpi_stats_t *stats = calloc(1, sizeof *stats);
    *out = stats;
    if (stats == NULL) {
        return VTDPI_ERR_INTERNAL;
    }
    stats->scenario = scenario;
    stats->profile = scenario->profile;
    if (stats->profile == NULL && scenario->timing != NULL &&
        vtdpi_profile_builtin(scenario->timing, &stats->own_profile) == VTDPI_OK) {
        stats->profile = stats->own_profile;
    }
    return VTDPI_OK;
}

void vtdpi_stats_free(vtdpi_stats_t *stats)
{
    if (stats == NULL) {
        return;
    }
    vtdpi_profile_free(stats->own_profile);
    free(stats->latency.ps);
    free(stats->intended.ps);
    free(stats->guess.ps);
    free(stats->sorted.ps);
    free(stats);
}

static bool series_grow(vtdpi_series_ps_t *series)
{
    size_t room = series->room != 0 ? 2 * series->room : 1024;
    uint64_t *ps = realloc(series->ps, room * sizeof *ps);
    if (ps == NULL) {
        return false;
    }
    series->ps = ps;
    series->room = room;
    return true;
}

static void series_add(vtdpi_stats_t *stats, vtdpi_series_ps_t *series, uint64_t ps)
{
    if (series->count == series->room && !series_grow(series)) {
        stats->failed = true;
        return;
    }
    series->ps[series->count++] = ps;
}

static void stats_add_delivered(vtdpi_stats_t *stats, const vtdpi_interrupt_record_t *record)
{
    uint64_t latency = record->done_ps - record->written_ps;
    uint64_t intended = record->done_ps - record->intended_ps;
    series_add(stats, &stats->latency, latency);
    series_add(stats, &stats->intended, intended);
    series_add(stats, &stats->guess, record->guess_ps);
    stats->latency_sum += latency;
    stats->intended_sum += intended;
    for (unsigned stage = 0; stage < VTDPI_STAGE_COUNT; stage++) {
        stats->stage_sum[stage] += record->stage_ps[stage];
    }
}

void vtdpi_stats_add(void *stats, const vtdpi_interrupt_record_t *record)
{
    vtdpi_stats_t *self = stats;
    VTDPI_ASSERT(record->fate <= VTDPI_FATE_LOST);
    self->written++;
    self->fates[record->fate]++;
    self->exits += record->exits;
    for (int i = 0; i < 3; i++) {
        self->core_cyc[i] += record->core_cyc[i];
    }
    if (record->fate == VTDPI_FATE_DELIVERED) {
        stats_add_delivered(self, record);
    }
}

static void set_milli(vtdpi_stats_t *stats, unsigned row, uint64_t milli)
{
    stats->milli[row] = milli;
    stats->defined[row] = true;
}

static void set_count(vtdpi_stats_t *stats, unsigned row, uint64_t count)
{
    set_milli(stats, row, count * 1000);
}

/** sum / count in thousandths, or nothing if count is 0. */
static void set_ratio(vtdpi_stats_t *stats, unsigned row, uint64_t sum, uint64_t count)
{
    if (count > 0) {
        set_milli(stats, row, vtdpi_scale(sum, 1000, count));
    }
}

/** Mean of picoseconds: thousandths of a ns. */
static void set_mean_ps(vtdpi_stats_t *stats, unsigned row, uint64_t sum_ps, uint64_t count)
{
    if (count > 0) {
        set_milli(stats, row, vtdpi_scale(sum_ps, 1, count));
    }
}

static void finish_counts(vtdpi_stats_t *stats)
{
    const vtdpi_totals_t *t = &stats->totals;
    const uint64_t *event = t->event_count;
    set_count(stats, VTDPI_STAT_interrupts_written, stats->written);
    set_count(stats, VTDPI_STAT_interrupts_delivered, stats->fates[VTDPI_FATE_DELIVERED]);
    set_count(stats, VTDPI_STAT_interrupts_coalesced, stats->fates[VTDPI_FATE_COALESCED]);
    set_count(stats, VTDPI_STAT_interrupts_blocked, stats->fates[VTDPI_FATE_BLOCKED]);
    set_count(stats, VTDPI_STAT_interrupts_lost, stats->fates[VTDPI_FATE_LOST]);
    set_count(stats, VTDPI_STAT_interrupts_pending, stats->fates[VTDPI_FATE_PENDING]);
    set_count(stats, VTDPI_STAT_notifications_sent, event[VTDPI_EV_notification_sent]);
    set_count(stats, VTDPI_STAT_notifications_suppressed_on,
              event[VTDPI_EV_notification_suppressed_on]);
    set_count(stats, VTDPI_STAT_notifications_suppressed_sn,
              event[VTDPI_EV_notification_suppressed_sn]);
    set_count(stats, VTDPI_STAT_notifications_urgent, t->notifications_urgent);
    set_count(stats, VTDPI_STAT_notifications_spurious, t->notifications_spurious);
    set_count(stats, VTDPI_STAT_notifications_misdirected, t->notifications_misdirected);
    set_count(stats, VTDPI_STAT_wakeups, event[VTDPI_EV_kvm_vcpu_wakeup]);
    set_count(stats, VTDPI_STAT_host_vectors_used, t->host_vectors_used);
    set_count(stats, VTDPI_STAT_irte_updates, event[VTDPI_EV_kvm_pi_irte_update]);
    set_count(stats, VTDPI_STAT_irte_invalidations, event[VTDPI_EV_iec_invalidated]);
    set_count(stats, VTDPI_STAT_pid_locked_ops, t->locked_ops_pid);
    set_count(stats, VTDPI_STAT_migrations, event[VTDPI_EV_sched_migrate]);
    set_count(stats, VTDPI_STAT_preemptions, t->preemptions);
    set_count(stats, VTDPI_STAT_context_switches, event[VTDPI_EV_sched_switch]);
    set_count(stats, VTDPI_STAT_monitors_fired, (uint64_t)__builtin_popcountll(t->fired_monitors));
    set_count(stats, VTDPI_STAT_sim_cycles, t->cycles);
    set_count(stats, VTDPI_STAT_sim_operations, t->operations);
    set_milli(stats, VTDPI_STAT_sim_time, t->end_ps);
}

/** The seven figures of a distribution, rows from [row] on in the order of stats.def. */
static void set_distribution(vtdpi_stats_t *stats, unsigned row, const vtdpi_series_ps_t *sorted,
                             uint64_t sum)
{
    static const unsigned permille[] = {500, 900, 990, 999};
    if (sorted->count == 0) {
        return;
    }
    set_milli(stats, row, sorted->ps[0]);
    set_mean_ps(stats, row + 1, sum, sorted->count);
    for (unsigned i = 0; i < 4; i++) {
        set_milli(stats, row + 2 + i, vtdpi_nearest_rank(sorted->ps, sorted->count, permille[i]));
    }
    set_milli(stats, row + 6, sorted->ps[sorted->count - 1]);
}

VTDPI_STATIC_ASSERT((int)VTDPI_STAT_latency_max == (int)VTDPI_STAT_latency_min + 6,
                    "seven rows in order");
VTDPI_STATIC_ASSERT((int)VTDPI_STAT_intended_max == (int)VTDPI_STAT_intended_min + 6,
                    "seven rows in order");

/** Guess share over all interrupts whose latency is the median. */
static void set_guess_share(vtdpi_stats_t *stats)
{
    if (stats->latency.count == 0) {
        return;
    }
    uint64_t median = stats->milli[VTDPI_STAT_latency_p50];
    uint64_t guess = 0, all = 0;
    for (size_t i = 0; i < stats->latency.count; i++) {
        if (stats->latency.ps[i] == median) {
            guess += stats->guess.ps[i];
            all += median;
        }
    }
    set_milli(stats, VTDPI_STAT_guess_share_p50, all > 0 ? vtdpi_scale(guess, 100 * 1000, all) : 0);
}

/** Sorts into fresh memory; then the scratch serves the intended latencies, which are sorted in
 * place. */
static bool finish_latencies(vtdpi_stats_t *stats)
{
    size_t count = stats->latency.count;
    uint64_t *sorted = malloc((count + 1) * sizeof *sorted);
    uint64_t *scratch = malloc((count + 1) * sizeof *scratch);
    if (sorted == NULL || scratch == NULL) {
        free(sorted);
        free(scratch);
        return false;
    }
    if (count > 0) {
        memcpy(sorted, stats->latency.ps, count * sizeof *sorted);
    }
    vtdpi_sort_u64(sorted, scratch, count);
    vtdpi_sort_u64(stats->intended.ps, scratch, count);
    free(scratch);
    free(stats->sorted.ps);
    stats->sorted = (vtdpi_series_ps_t){.ps = sorted, .count = count, .room = count + 1};
    set_distribution(stats, VTDPI_STAT_latency_min, &stats->sorted, stats->latency_sum);
    set_distribution(stats, VTDPI_STAT_intended_min, &stats->intended, stats->intended_sum);
    set_guess_share(stats);
    return true;
}

static void finish_families(vtdpi_stats_t *stats)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < VTDPI_STAT_EXIT_ROWS; i++) {
        set_count(stats, VTDPI_STAT_EXITS + i,
                  stats->totals.exits[vtdpi_stat_exit_reason(i)].samples);
    }
    for (unsigned reason = 0; reason < VTDPI_EXIT_REASONS; reason++) {
        total += stats->totals.exits[reason].samples;
    }
    set_count(stats, VTDPI_STAT_exits_total, total);
    for (unsigned stage = 0; stage < VTDPI_STAGE_COUNT; stage++) {
        set_mean_ps(stats, VTDPI_STAT_STAGES + stage, stats->stage_sum[stage],
                    stats->fates[VTDPI_FATE_DELIVERED]);
    }
    for (unsigned event = 0; event < VTDPI_EV_COUNT; event++) {
        set_count(stats, VTDPI_STAT_EVENTS + event, stats->totals.event_count[event]);
    }
}

uint64_t vtdpi_occupancy_part(const vtdpi_occupancy_t *occupancy, unsigned part)
{
    const uint64_t parts[VTDPI_STAT_PARTS] = {occupancy->guest_ps, occupancy->root_ps,
                                              occupancy->exit_ps, occupancy->idle_ps,
                                              occupancy->halt_ps};
    VTDPI_ASSERT(part < VTDPI_STAT_PARTS);
    return parts[part];
}

static void finish_cycles(vtdpi_stats_t *stats)
{
    const uint64_t second_ps = 1000000000000U;
    const vtdpi_totals_t *t = &stats->totals;
    uint64_t hz = t->core_hz != 0          ? t->core_hz
                  : stats->profile != NULL ? stats->profile->hz[VTDPI_DOMAIN_CORE]
                                           : 0;
    uint64_t sums[VTDPI_STAT_PARTS] = {0};
    for (unsigned cpu = 0; cpu < t->cpus && cpu < VTDPI_CPU_MAX; cpu++) {
        for (unsigned part = 0; part < VTDPI_STAT_PARTS; part++) {
            uint64_t ps = vtdpi_occupancy_part(&t->occupancy[cpu], part);
            uint64_t cycles = vtdpi_scale(ps, hz, second_ps);
            sums[part] += cycles;
            set_count(stats, VTDPI_STAT_CPUS + VTDPI_STAT_PARTS * cpu + part, cycles);
        }
    }
    for (unsigned part = 0; part < VTDPI_STAT_PARTS; part++) {
        set_count(stats, VTDPI_STAT_cycles_guest + part, sums[part]);
    }
    for (unsigned i = 0; i < 3; i++) {
        set_ratio(stats, VTDPI_STAT_cycles_per_guest + i, stats->core_cyc[i], stats->written);
    }
    set_ratio(stats, VTDPI_STAT_exits_per_interrupt, stats->exits, stats->written);
}

vtdpi_err_t vtdpi_stats_finish(vtdpi_stats_t *stats, const vtdpi_totals_t *totals)
{
    stats->totals = *totals;
    finish_counts(stats);
    finish_families(stats);
    finish_cycles(stats);
    if (stats->failed || !finish_latencies(stats)) {
        return VTDPI_ERR_INTERNAL;
    }
    stats->finished = true;
    return VTDPI_OK;
}

const uint64_t *vtdpi_stats_latencies(const vtdpi_stats_t *stats, size_t *count)
{
    VTDPI_ASSERT(stats->finished);
    *count = stats->sorted.count;
    return stats->sorted.ps;
}

bool vtdpi_stats_at(const vtdpi_stats_t *stats, unsigned index, vtdpi_stat_t *out)
{
    VTDPI_ASSERT(stats->finished);
    if (index >= VTDPI_STAT_CPUS + VTDPI_STAT_PARTS * stats->totals.cpus ||
        index >= VTDPI_STAT_ROWS) {
        return false;
    }
    const vtdpi_stat_row_t *row = &vtdpi_stat_rows[index];
    *out = (vtdpi_stat_t){.name = row->name,
                          .unit = row->unit,
                          .formula = row->formula,
                          .milli = stats->milli[index],
                          .defined = stats->defined[index],
                          .integer = row->integer};
    return true;
}

bool vtdpi_stats_find(const vtdpi_stats_t *stats, const char *name, vtdpi_stat_t *out)
{
    for (unsigned i = 0; vtdpi_stats_at(stats, i, out); i++) {
        if (strcmp(out->name, name) == 0) {
            return true;
        }
    }
    return false;
}

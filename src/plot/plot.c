#include "vtdpi/plot.h"

#include "log/out.h"
#include "log/put.h"
#include "log/rows.h"
#include "plot/bins.h"
#include "scenario/embedded.h"

#include <string.h>

enum { PLOT_VERSION = 1, CDF_STEPS = 2000, TAIL = 100, SMALL_PERCENT = 2 };

static const struct {
    const char *name;
    const char *doc;
} plot_rows[VTDPI_PLOT_COUNT] = {
    [VTDPI_PLOT_CDF] = {"cdf", "cumulative distribution of the latency, a line for each run"},
    [VTDPI_PLOT_STAGES] = {"stages", "mean latency by stage, a stacked bar for each run"},
    [VTDPI_PLOT_HIST] = {"hist", "histogram of the latency, in bins an eighth of an octave wide"},
};

const char *vtdpi_plot_name(unsigned kind)
{
    return kind < VTDPI_PLOT_COUNT ? plot_rows[kind].name : NULL;
}

const char *vtdpi_plot_doc(unsigned kind)
{
    return kind < VTDPI_PLOT_COUNT ? plot_rows[kind].doc : NULL;
}

static void put_milli(vtdpi_out_t *out, uint64_t milli)
{
    vtdpi_out_advance(out, vtdpi_put_milli(vtdpi_out_reserve(out, VTDPI_PUT_MAX), milli));
}

/** [part] of [all] with six decimals. */
static void put_fraction(vtdpi_out_t *out, uint64_t part, uint64_t all)
{
    const uint64_t million = 1000000;
    uint64_t millionths = part / all * million + part % all * million / all;
    vtdpi_out_printf(out, "%u.%06u", (unsigned)(millionths / million),
                     (unsigned)(millionths % million));
}

/** Whether latency number [i] of [count] is drawn: enough of them for a smooth line, and all of the
 * last hundredth. */
static bool cdf_is_drawn(size_t i, size_t count)
{
    return count <= CDF_STEPS || i >= count - count / TAIL - 1 || i == 0 ||
           i * CDF_STEPS / count != (i - 1) * CDF_STEPS / count;
}

static void data_cdf(vtdpi_out_t *out, const vtdpi_plot_run_t *runs, unsigned count)
{
    vtdpi_out_text(out, "run,latency_ns,fraction\n");
    for (unsigned r = 0; r < count; r++) {
        const vtdpi_plot_run_t *run = &runs[r];
        for (size_t i = 0; i < run->count; i++) {
            bool last = i + 1 == run->count || run->latency_ps[i] != run->latency_ps[i + 1];
            if (i != 0 && (!last || !cdf_is_drawn(i, run->count))) {
                continue;
            }
            vtdpi_out_printf(out, "%s,", run->title);
            put_milli(out, run->latency_ps[i]);
            vtdpi_out_text(out, ",");
            put_fraction(out, i == 0 && !last ? 0 : i + 1, run->count);
            vtdpi_out_text(out, "\n");
        }
    }
}

static void data_hist(vtdpi_out_t *out, const vtdpi_plot_run_t *runs, unsigned count)
{
    vtdpi_out_text(out, "run,low_ns,high_ns,count,percent\n");
    for (unsigned r = 0; r < count; r++) {
        const vtdpi_plot_run_t *run = &runs[r];
        for (size_t i = 0, next; i < run->count; i = next) {
            unsigned bin = vtdpi_bin_of(run->latency_ps[i]);
            for (next = i; next < run->count && vtdpi_bin_of(run->latency_ps[next]) == bin;
                 next++) {
            }
            vtdpi_out_printf(out, "%s,", run->title);
            put_milli(out, vtdpi_bin_low(bin));
            vtdpi_out_text(out, ",");
            put_milli(out, vtdpi_bin_high(bin) + 1);
            vtdpi_out_printf(out, ",%zu,", next - i);
            put_fraction(out, 100 * (uint64_t)(next - i), run->count);
            vtdpi_out_text(out, "\n");
        }
    }
}

static uint64_t stages_sum(const vtdpi_plot_run_t *run)
{
    uint64_t sum = 0;
    for (unsigned stage = 0; stage < VTDPI_STAGE_COUNT; stage++) {
        sum += run->stage_ps[stage];
    }
    return sum;
}

/** Whether a stage has a colour of its own: a fiftieth of a bar, in some run. */
static bool stage_is_large(const vtdpi_plot_run_t *runs, unsigned count, unsigned stage)
{
    for (unsigned r = 0; r < count; r++) {
        if (runs[r].stage_ps[stage] > stages_sum(&runs[r]) / 100 * SMALL_PERCENT) {
            return true;
        }
    }
    return false;
}

static void data_stages(vtdpi_out_t *out, const vtdpi_plot_run_t *runs, unsigned count)
{
    vtdpi_out_text(out, "run");
    for (unsigned stage = 0; stage < VTDPI_STAGE_COUNT; stage++) {
        if (stage_is_large(runs, count, stage)) {
            vtdpi_out_printf(out, ",%s", vtdpi_stage_rows[stage].name);
        }
    }
    vtdpi_out_text(out, ",other\n");
    for (unsigned r = 0; r < count; r++) {
        uint64_t other = 0;
        vtdpi_out_text(out, runs[r].title);
        for (unsigned stage = 0; stage < VTDPI_STAGE_COUNT; stage++) {
            if (!stage_is_large(runs, count, stage)) {
                other += runs[r].stage_ps[stage];
                continue;
            }
            vtdpi_out_text(out, ",");
            put_milli(out, runs[r].stage_ps[stage]);
        }
        vtdpi_out_text(out, ",");
        put_milli(out, other);
        vtdpi_out_text(out, "\n");
    }
}

vtdpi_err_t vtdpi_plot_data_write(vtdpi_plot_t kind, const vtdpi_plot_run_t *runs, unsigned count,
                                  FILE *file)
{
    VTDPI_ASSERT(count >= 1 && count <= VTDPI_PLOT_RUNS && kind < VTDPI_PLOT_COUNT);
    vtdpi_out_t out;
    if (vtdpi_out_open(&out, file) != VTDPI_OK) {
        return VTDPI_ERR_INTERNAL;
    }
    vtdpi_out_printf(&out, "# vtdpi-plot-%s csv %d\n", plot_rows[kind].name, PLOT_VERSION);
    switch (kind) {
    case VTDPI_PLOT_CDF:
        data_cdf(&out, runs, count);
        break;
    case VTDPI_PLOT_HIST:
        data_hist(&out, runs, count);
        break;
    case VTDPI_PLOT_STAGES:
    case VTDPI_PLOT_COUNT:
        data_stages(&out, runs, count);
        break;
    }
    return vtdpi_out_close(&out);
}

/** Largest of 1, 2, 5 times a power of ten that is not above [value]; 1 for 0. */
static uint64_t round_down(uint64_t value)
{
    uint64_t power = 1;
    while (value / power >= 10) {
        power *= 10;
    }
    uint64_t digit = value / power;
    return digit >= 5 ? 5 * power : digit >= 2 ? 2 * power : power;
}

/** Smallest of 1, 2, 5 times a power of ten that is above [value]. */
static uint64_t round_up(uint64_t value)
{
    uint64_t low = round_down(value);
    uint64_t power = 1;
    while (low / power >= 10) {
        power *= 10;
    }
    return low / power == 1 ? 2 * low : low / power == 2 ? low / 2 * 5 : 2 * low;
}

/** Marks of a logarithmic axis: 1, 2, 5 and so on; all digits where it spans a decade or less. */
static void script_marks(vtdpi_out_t *out, uint64_t low, uint64_t high)
{
    bool all = high / low <= 10;
    bool first = true;
    vtdpi_out_text(out, "marks = '");
    for (uint64_t power = 1; power <= high && power < UINT64_MAX / 100; power *= 10) {
        for (uint64_t digit = 1; digit < 10; digit++) {
            uint64_t mark = digit * power;
            if (mark >= low && mark <= high && (all || digit == 1 || digit == 2 || digit == 5)) {
                vtdpi_out_printf(out, "%s%llu", first ? "" : ", ", (unsigned long long)mark);
                first = false;
            }
        }
    }
    vtdpi_out_text(out, "'\n");
}

/** Range and marks of the latency axis in ns. */
static void script_range(vtdpi_out_t *out, const vtdpi_plot_run_t *runs, unsigned count)
{
    uint64_t low = UINT64_MAX, high = 0;
    for (unsigned r = 0; r < count; r++) {
        if (runs[r].count > 0) {
            uint64_t first = runs[r].latency_ps[0], last = runs[r].latency_ps[runs[r].count - 1];
            low = first < low ? first : low;
            high = last > high ? last : high;
        }
    }
    if (low > high) {
        low = high = 1000;
    }
    low = round_down(low / 1000);
    high = round_up(high / 1000);
    vtdpi_out_printf(out, "xmin = %llu\nxmax = %llu\n", (unsigned long long)low,
                     (unsigned long long)high);
    script_marks(out, low, high);
}

static bool is_svg(const char *name)
{
    size_t length = strlen(name);
    return length >= 4 && strcmp(name + length - 4, ".svg") == 0;
}

/** [text] as a string of gnuplot, where single quotes are doubled. */
static void put_gnuplot(vtdpi_out_t *out, const char *text)
{
    vtdpi_out_text(out, "'");
    for (const char *c = text; *c != '\0'; c++) {
        char pair[3] = {*c, *c == '\'' ? '\'' : '\0', '\0'};
        vtdpi_out_text(out, pair);
    }
    vtdpi_out_text(out, "'");
}

static void script_head(vtdpi_out_t *out, const vtdpi_plot_run_t *runs, unsigned count,
                        const char *data, const char *picture)
{
    vtdpi_out_text(out, "data = ");
    put_gnuplot(out, data);
    vtdpi_out_text(out, "\npicture = ");
    put_gnuplot(out, picture);
    vtdpi_out_printf(out, "\nruns = %u\narray titles[%u] = [", count, count);
    for (unsigned r = 0; r < count; r++) {
        vtdpi_out_text(out, r == 0 ? "" : ", ");
        put_gnuplot(out, runs[r].title);
    }
    vtdpi_out_text(out, "]\n");
    script_range(out, runs, count);
    vtdpi_out_printf(out, "set terminal %s size 1000,620 %sfont 'sans,%d' noenhanced\n",
                     is_svg(picture) ? "svg" : "pngcairo", is_svg(picture) ? "fixed " : "",
                     is_svg(picture) ? 14 : 11);
    vtdpi_out_text(out, "set output picture\n\n");
}

vtdpi_err_t vtdpi_plot_script_write(vtdpi_plot_t kind, const vtdpi_plot_run_t *runs, unsigned count,
                                    const char *data, const char *picture, FILE *file)
{
    VTDPI_ASSERT(count >= 1 && count <= VTDPI_PLOT_RUNS && kind < VTDPI_PLOT_COUNT);
    const char *name = plot_rows[kind].name;
    const vtdpi_embedded_t *script = vtdpi_embedded_plots;
    while (script->name != NULL && strcmp(script->name, name) != 0) {
        script++;
    }
    vtdpi_out_t out;
    if (script->name == NULL || vtdpi_out_open(&out, file) != VTDPI_OK) {
        return VTDPI_ERR_INTERNAL;
    }
    vtdpi_out_printf(&out,
                     "# vtdpi-plot-%s gnuplot %d. Made by vtdpi; edit and run gnuplot on it.\n",
                     name, PLOT_VERSION);
    script_head(&out, runs, count, data, picture);
    vtdpi_out_text(&out, (const char *)script->bytes);
    return vtdpi_out_close(&out);
}

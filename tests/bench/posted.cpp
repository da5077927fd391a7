/*
 * How fast posted interrupts go, as ratios within one run: end to end with statistics and no log,
 * with a JSON Lines log, and a bare SystemC method that is triggered as often as operations fired.
 * C++ for the bare loop's sake alone.
 *
 * Host time is what this program is about; it is no test.
 */
#define SC_INCLUDE_DYNAMIC_PROCESSES
#include "vtdpi/log.h"
#include "vtdpi/run.h"
#include "vtdpi/scenario_io.h"
#include "vtdpi/stats.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <sys/resource.h>
#include <systemc>

namespace
{

constexpr std::uint64_t us = 1000000; // picoseconds

double seconds()
{
    using clock = std::chrono::steady_clock;
    return std::chrono::duration<double>(clock::now().time_since_epoch()).count();
}

/** One vCPU that computes on CPU 0, one device interrupt every 2 us. */
class load
{
  public:
    explicit load(std::uint64_t interrupts)
    {
        vtdpi_scenario_default(&scenario);
        scenario.name = "bench";
        scenario.timing = "skylake_sp";
        scenario.duration_ps = interrupts * 2 * us;
        scenario.drain_limit_ps = 1000 * us;
        scenario.platform.cpus = 1;
        scenario.platform.iommu_posting = true;
        scenario.hypervisor.protocol = "kvm";
        vm_.name = "guest";
        vm_.vcpu_count = 1;
        step_.kind = VTDPI_STEP_COMPUTE;
        step_.span.ps = 100 * us;
        vcpu_.program = &step_;
        vcpu_.program_count = 1;
        vcpu_.handler.cyc = 500;
        device_.name = "nic";
        device_.requester_id = 0x18;
        device_.msix = true;
        interrupt_.vector = 0x41;
        interrupt_.attached = true;
        interrupt_.arrivals.kind = VTDPI_ARRIVE_PERIODIC;
        interrupt_.arrivals.period_ps = 2 * us;
        interrupt_.arrivals.offset_ps = 10 * us;
        scenario.vms = &vm_;
        scenario.vcpus = &vcpu_;
        scenario.devices = &device_;
        scenario.interrupts = &interrupt_;
        scenario.vm_count = scenario.vcpu_count = scenario.device_count = 1;
        scenario.interrupt_count = 1;
    }

    vtdpi_scenario_t scenario{};

  private:
    vtdpi_vm_cfg_t vm_{};
    vtdpi_step_t step_{};
    vtdpi_vcpu_cfg_t vcpu_{};
    vtdpi_device_cfg_t device_{};
    vtdpi_interrupt_cfg_t interrupt_{};
};

struct result {
    double start, run, per_second;
    vtdpi_totals_t totals;
};

void must(vtdpi_err_t err, const char *what)
{
    if (err != VTDPI_OK) {
        std::fprintf(stderr, "bench: %s failed\n", what);
        std::exit(3);
    }
}

struct both {
    vtdpi_stats_t *stats;
    vtdpi_log_t *log;
};

void on_record(void *user, const vtdpi_interrupt_record_t *record)
{
    vtdpi_stats_add(static_cast<both *>(user)->stats, record);
}

void on_event(void *user, const vtdpi_event_t *event)
{
    vtdpi_log_event(static_cast<both *>(user)->log, event);
}

using drive = vtdpi_err_t (*)(vtdpi_run_t *, const vtdpi_listener_t *, vtdpi_totals_t *);

result once(std::uint64_t interrupts, bool with_log, drive how)
{
    load what(interrupts);
    result r{};
    double t0 = seconds();
    vtdpi_run_t *run = nullptr;
    must(vtdpi_run_create(&what.scenario, &run, nullptr, 0), "create");
    both listeners{};
    must(vtdpi_stats_create(&what.scenario, &listeners.stats), "statistics");
    std::FILE *file = with_log ? std::tmpfile() : nullptr;
    vtdpi_log_options_t options{};
    options.format = VTDPI_LOG_JSONL;
    if (with_log) {
        must(vtdpi_log_open(&options, file, &what.scenario, run, &listeners.log), "log");
    }
    vtdpi_listener_t listener{&listeners, with_log ? on_event : nullptr, on_record, nullptr};
    double t1 = seconds();
    must(how(run, &listener, &r.totals), "run");
    must(vtdpi_stats_finish(listeners.stats, &r.totals), "statistics");
    must(vtdpi_log_close(listeners.log), "log");
    double t2 = seconds();
    r.start = t1 - t0;
    r.run = t2 - t1;
    r.per_second = static_cast<double>(r.totals.event_count[VTDPI_EV_handler_entered]) / r.run;
    if (file != nullptr) {
        std::fclose(file);
    }
    vtdpi_stats_free(listeners.stats);
    vtdpi_run_free(run);
    return r;
}

/** A method that does nothing but to set its next trigger, [count] times. */
double bare(std::uint64_t count)
{
    std::uint64_t left = count;
    sc_core::sc_spawn_options options;
    options.spawn_method();
    double t0 = seconds();
    sc_core::sc_spawn(
        [&left] {
            if (--left > 0) {
                sc_core::next_trigger(sc_core::sc_time(476, sc_core::SC_PS));
            }
        },
        "bare", &options);
    sc_core::sc_start();
    return seconds() - t0;
}

double best(double a, double b)
{
    return a < b ? a : b;
}

} // namespace

int main(int argc, char **argv)
{
    std::uint64_t interrupts = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 300000;
    (void)once(1000, false, vtdpi_run_simulate); // pages, caches
    result quiet = once(interrupts, false, vtdpi_run_simulate);
    result plain = once(interrupts, false, vtdpi_run_plain);
    result log = once(interrupts, true, vtdpi_run_simulate);
    double loop = bare(quiet.totals.operations);
    result again = once(interrupts, false, vtdpi_run_simulate);
    quiet.run = best(quiet.run, again.run);
    double operations = static_cast<double>(quiet.totals.operations);
    double delivered = static_cast<double>(quiet.totals.event_count[VTDPI_EV_handler_entered]);

    struct rusage usage {
    };

    (void)getrusage(RUSAGE_SELF, &usage);
    std::printf("posted interrupts              %.0f, %.1f operations each\n", delivered,
                operations / delivered);
    std::printf("statistics, no log             %.0f interrupts/s, %.1f M operations/s\n",
                delivered / quiet.run, operations / quiet.run / 1e6);
    std::printf("  against the target of 1 M/s  %.2f\n", delivered / quiet.run / 1e6);
    std::printf("plain loop / SystemC           %.2f\n", plain.run / quiet.run);
    std::printf("JSON Lines log / no log        %.2f (target: at most 2)\n", log.run / quiet.run);
    std::printf("models / bare SystemC loop     %.2f (target: at most 2)\n", quiet.run / loop);
    std::printf("start-up                       %.2f ms (target: 10)\n", quiet.start * 1e3);
    std::printf("memory                         %ld KiB\n", usage.ru_maxrss);
    return 0;
}

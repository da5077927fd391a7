/*
 * The pump: one method in the SystemC kernel, which asks the timed engine who is next and lets it
 * happen. While no other process of the kernel has anything earlier it goes on without returning to
 * the kernel; else it sets its next trigger.
 */
#ifndef SC_INCLUDE_DYNAMIC_PROCESSES
#define SC_INCLUDE_DYNAMIC_PROCESSES
#endif
#include "vtdpi/timed.h"

#include <cstdlib>
#include <exception>
#include <systemc>

/* The kernel wants a symbol of this name although the program has a main of its own; a SystemC
 * program's wins. */
extern "C" __attribute__((weak, visibility("default"))) int sc_main(int, char **)
{
    return 0;
}

namespace
{

using sc_core::sc_time;

class pump
{
  public:
    explicit pump(vtdpi_timed_t *engine)
        : engine_(engine), origin_(sc_core::sc_time_stamp().value())
    {
    }

    /** The method: everything that is due, then the next trigger. */
    void turn()
    {
        std::uint32_t actor = 0;
        std::uint64_t ps = 0;
        while (vtdpi_timed_next(engine_, &actor, &ps)) {
            const std::uint64_t horizon = others();
            if (ps > horizon) {
                sc_core::next_trigger(until(ps));
                return;
            }
            last_ = vtdpi_timed_run(engine_, horizon);
        }
        end();
    }

  private:
    /** The kernel's time, of the run: ps since it began. */
    [[nodiscard]] std::uint64_t now() const
    {
        return sc_core::sc_time_stamp().value() - origin_;
    }

    [[nodiscard]] sc_time until(std::uint64_t ps) const
    {
        return sc_time::from_value(ps - now());
    }

    /** Up to when the kernel has nothing else to do. What is due now does not wait for it. */
    [[nodiscard]] std::uint64_t others() const
    {
        return sc_core::sc_pending_activity()
                   ? now() + sc_core::sc_time_to_pending_activity().value()
                   : UINT64_MAX;
    }

    /** The kernel's clock catches up with the last operation; then the kernel stops. */
    void end()
    {
        if (last_ > now()) {
            sc_core::next_trigger(until(last_));
            return;
        }
        sc_core::sc_pause();
    }

    vtdpi_timed_t *engine_;
    std::uint64_t origin_;
    std::uint64_t last_ = 0;
};

void pump_start(vtdpi_timed_t *engine)
{
    pump run(engine);
    sc_core::sc_spawn_options options;
    options.spawn_method();
    sc_core::sc_process_handle handle = sc_core::sc_spawn(
        [&run] { run.turn(); }, sc_core::sc_gen_unique_name("vtdpi_pump"), &options);
    sc_core::sc_start();
    handle.kill();
}

} // namespace

extern "C" vtdpi_err_t vtdpi_timed_pump(vtdpi_timed_t *t)
{
    (void)setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 0); // a library prints nothing
    try {
        if (sc_core::sc_get_time_resolution() != sc_time(1, sc_core::SC_PS)) {
            return VTDPI_ERR_INTERNAL;
        }
        pump_start(t);
    } catch (const std::exception &) {
        return VTDPI_ERR_INTERNAL;
    } catch (...) {
        return VTDPI_ERR_INTERNAL;
    }
    return VTDPI_OK;
}

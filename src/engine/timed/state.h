/* The engine's state, and what its files share. Every structure here is plain data in one block. */
#ifndef ENGINE_TIMED_STATE_H
#define ENGINE_TIMED_STATE_H

#include "vtdpi/protocol.h"
#include "vtdpi/timed.h"

/** Kinds of actor. */
typedef enum {
    TIMED_CPU,
    TIMED_DRAIN,
    TIMED_TIMER,
    TIMED_REQUEST,
    TIMED_MESSAGE,
    TIMED_SOURCE,
    TIMED_QUEUE,
    TIMED_OUTSIDE
} timed_kind_t;

/** Where core time goes, beside idle and halt: index of vtdpi_interrupt_record_t.core_cyc. */
typedef enum {
    TIMED_GUEST,
    TIMED_ROOT,
    TIMED_EXIT,
    TIMED_IDLE,
    TIMED_HALT,
    TIMED_USES
} timed_use_t;

enum { TIMED_SEGMENTS = 4, TIMED_SIGNALS = 8 };

/** Place of an actor that has nothing under way. */
#define TIMED_NOWHERE UINT32_MAX

/** Who has a live interrupt, where no actor does. */
#define TIMED_BLOCKED   (UINT32_MAX - 1)
#define TIMED_PREEMPTED (UINT32_MAX - 2)
#define TIMED_NOBODY    (UINT32_MAX - 3)

/** A part of an operation's time. */
typedef struct {
    uint64_t end; /**< ps; it begins where the one before ends */
    uint8_t stage;
    uint8_t guess;
    uint8_t pad_[6];
} timed_segment_t;

/** An actor's operation in progress. */
typedef struct timed_actor {
    uint64_t due;    /**< ps */
    uint64_t edge;   /**< number of that edge in its domain */
    uint64_t asked;  /**< ps at which the operation became pending */
    uint64_t tag;    /**< vtdpi_alt_t.tag */
    uint64_t a, b;   /**< operands of the operation */
    uint64_t waited; /**< ps that it waited for a memory line */
    uint64_t looked; /**< number of the fire after which it was last looked at */
    timed_segment_t segment[TIMED_SEGMENTS];
    uint32_t place;   /**< in the heap; TIMED_NOWHERE: nothing under way */
    uint32_t slot;    /**< SPEND: where its rest is kept */
    uint32_t rule;    /**< SPEND: which one it is */
    uint32_t holder;  /**< waited > 0: actor that had the line */
    uint16_t line;    /**< line that it holds until due, or that it waited for */
    uint8_t alt;      /**< number of the alternative */
    uint8_t op;       /**< vtdpi_op_kind_t */
    uint8_t segments; /**< how many */
    uint8_t wait;     /**< stage of the time before asked */
    uint8_t cuttable; /**< an interruptible SPEND */
    uint8_t kind;     /**< timed_kind_t */
    uint8_t domain;   /**< vtdpi_domain_t */
    uint8_t use;      /**< timed_use_t of its time */
    uint8_t halted;   /**< the CPU was halted or idle before asked */
    uint8_t gap;      /**< timed_use_t of the time before asked, if halted */
    uint8_t locks;    /**< holds line until due */
    uint8_t pad_[3];
} timed_actor_t;

/** An entry of the heap. */
typedef struct timed_due {
    uint64_t ps;
    uint64_t actor; /**< its number: as wide as ps, for the sake of speed */
} timed_due_t;

/** Owners of a line; from TIMED_OWNER_CPU on: CPUs. */
enum { TIMED_OWNER_DRAM, TIMED_OWNER_LLC, TIMED_OWNER_UNIT, TIMED_OWNER_CPU };

typedef struct timed_line {
    uint64_t busy;   /**< ps until which a locked operation holds it */
    uint32_t holder; /**< actor of that operation */
    uint32_t owner;  /**< who has the line */
} timed_line_t;

/** Arrivals of a source. */
typedef struct timed_source {
    uint64_t random;                /**< state of its generator of random numbers */
    uint64_t next;                  /**< next intended arrival, ps */
    uint64_t base;                  /**< BURST, PERIODIC: start of the present period */
    uint64_t count;                 /**< arrivals so far */
    uint64_t signal[TIMED_SIGNALS]; /**< emulated: intended arrivals not yet raised, oldest first */
    uint32_t signals;               /**< how many */
    uint8_t over;                   /**< no more arrivals */
    uint8_t pad_[3];
} timed_source_t;

/** A CPU. */
typedef struct timed_cpu {
    uint64_t last; /**< ps up to which its time is accounted */
    uint64_t use_ps[TIMED_USES];
    uint32_t tick_thread; /**< thread for which the tick was armed */
    uint8_t tick;         /**< the tick is armed */
    uint8_t pad_[3];
} timed_cpu_t;

/** A vCPU. */
typedef struct timed_vcpu {
    uint64_t exit_ps;     /**< time of the last VM exit */
    uint32_t exit_reason; /**< its reason */
    uint32_t out;         /**< 1: no VM entry since */
} timed_vcpu_t;

/** What is left of an interrupted SPEND. */
typedef struct timed_rest {
    uint32_t cycles; /**< 0: nothing */
    uint32_t rule;   /**< which SPEND it is */
} timed_rest_t;

/** A live interrupt; same number as in sys->live. */
typedef struct timed_entry {
    uint64_t cursor; /**< ps up to which its time is accounted */
    uint64_t core_ps[3];
    uint32_t agent; /**< actor that has it, or TIMED_BLOCKED, … */
    uint32_t pad_;
    vtdpi_interrupt_record_t record;
} timed_entry_t;

/** The rest of the state. */
typedef struct timed_head {
    uint64_t now;
    uint64_t fired;   /**< time of the last operation */
    uint64_t limit;   /**< nothing fires after that */
    uint64_t written; /**< intended arrival of the interrupt that is being written */
    uint64_t
        memo_ps[VTDPI_DOMAIN_COUNT]; /**< last time that was turned into an edge, and that edge */
    uint64_t memo_edge[VTDPI_DOMAIN_COUNT];
    uint64_t enter[VTDPI_REQUESTS_MAX]; /**< when a request enters its unit */
    uint8_t door[VTDPI_REQUESTS_MAX];   /**< that unit */
    uint32_t heap_count;
    uint32_t hole;        /**< 1: heap[0] is free, its actor having just fired */
    uint32_t sources_due; /**< sources in the heap */
    uint32_t outside_due; /**< outside events in the heap */
    uint32_t live;        /**< live interrupts */
    uint32_t live_high;   /**< entries of the ledger in use */
    vtdpi_totals_t totals;
} timed_head_t;

/*
 * heap.c: actors by (due, number). The first one can be taken off leaving a hole, which the next
 * one that is put in fills: most actors that fire are due again.
 */
void timed_heap_put(vtdpi_timed_t *t, uint32_t a);
void timed_heap_remove(vtdpi_timed_t *t, uint32_t a);
void timed_heap_open(vtdpi_timed_t *t, uint32_t a);
void timed_heap_close(vtdpi_timed_t *t);

/* arrival.c */
void timed_arrival_table(vtdpi_timed_cfg_t *cfg);
void timed_arrival_start(vtdpi_timed_t *t, uint32_t s);
void timed_arrival_next(vtdpi_timed_t *t, uint32_t s);

/* plan.c: an operation's time, segment by segment */
void timed_plan(vtdpi_timed_t *t, uint32_t a, const vtdpi_alt_t *alt, const vtdpi_op_t *op);
uint64_t timed_edge_now(vtdpi_timed_t *t, vtdpi_domain_t domain);
void timed_plan_work(vtdpi_timed_t *t, timed_actor_t *act, uint64_t cycles, unsigned stage,
                     unsigned guess);
void timed_plan_param(vtdpi_timed_t *t, timed_actor_t *act, vtdpi_timing_param_t param,
                      unsigned stage);
void timed_plan_wait(vtdpi_timed_t *t, timed_actor_t *act, uint64_t until, unsigned stage);

/* memory.c */
void timed_plan_memory(vtdpi_timed_t *t, uint32_t a, const vtdpi_op_t *op, uint32_t cpu);
void timed_memory_drop(vtdpi_timed_t *t, const timed_actor_t *act);

/* schedule.c */
void timed_schedule(vtdpi_timed_t *t, uint32_t a);
void timed_abandon(vtdpi_timed_t *t, uint32_t a);

/* ledger.c */
void timed_ledger_charge(vtdpi_timed_t *t, uint32_t a, uint64_t until);
void timed_ledger_settle(vtdpi_timed_t *t, uint32_t source);
timed_entry_t *timed_ledger_find(const vtdpi_timed_t *t, uint32_t id);
void timed_ledger_end(vtdpi_timed_t *t, timed_entry_t *e, const vtdpi_sealed_t *sealed);

/* occupancy.c */
void timed_occupancy(vtdpi_timed_t *t, uint32_t a, uint64_t until);
void timed_occupancy_end(vtdpi_timed_t *t, uint32_t c);

/* end.c */
bool timed_quiet(const vtdpi_timed_t *t);

/* observe.c */
void timed_observe(vtdpi_timed_t *t, uint32_t a);
void timed_observe_alone(vtdpi_timed_t *t, unsigned event, uint32_t id, const uint64_t arg[4]);

/** Number of the CPU whose actor is [a]. */
static inline uint32_t timed_cpu_of(const vtdpi_timed_t *t, uint32_t a)
{
    return a - t->sys->actor.cpu;
}

#endif

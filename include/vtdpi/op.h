/*
 * Operations, results, frames: how an actor tells what it wants to do, and how it continues.
 *
 * An actor touches nothing shared by itself. A frame function is straight-line C that yields one
 * operation, is resumed with its result, and yields the next. Its resume point and its locals are
 * fields of the frame, so that a frame is plain data.
 *
 *     vtdpi_op_t example(const vtdpi_ctx_t *x, vtdpi_frame_t *f, vtdpi_result_t r)
 *     {
 *         VTDPI_BEGIN(f);
 *         VTDPI_YIELD(f, vtdpi_op_load(line, 0));
 *         f->x[0] = r.v[0];
 *         ...
 *         VTDPI_END(f, 0);
 *     }
 *
 * No C local survives a VTDPI_YIELD: what must live is a field of the frame.
 */
#ifndef VTDPI_OP_H
#define VTDPI_OP_H

#include "vtdpi/base.h"
#include "vtdpi/event.h"
#include "vtdpi/profile.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Kinds of operation, one row each in op.def; CALL and RETURN are the frame runner's own and never
 * reach an engine. */
typedef enum {

#define VTDPI_OP(name, ordered, part, doc) VTDPI_OP_##name,
#include "vtdpi/op.def"
#undef VTDPI_OP
    VTDPI_OP_COUNT,
    VTDPI_OP_CALL,
    VTDPI_OP_RETURN
} vtdpi_op_kind_t;

/** Lumps: measured wholes less the nominal cost of the operations inside, one row each in
 * lumps.def. */
typedef enum {
    VTDPI_LUMP_none,

#define VTDPI_LUMP(name, param, percent, plain, locked, msr, doc) VTDPI_LUMP_##name,
#include "vtdpi/lumps.def"
#undef VTDPI_LUMP
    VTDPI_LUMP_COUNT
} vtdpi_lump_t;

/** Flags of an operation. */
enum {
    VTDPI_OPF_INTERRUPTIBLE = 1, /**< SPEND: an interrupt cuts it; the rest is spent later */
    VTDPI_OPF_CARRY =
        2, /**< the operation takes the interrupt of source [arg] along (identity only) */
    VTDPI_OPF_IOMMU = 4, /**< agent is the remapping unit */
    VTDPI_OPF_DROP = 8,  /**< SPEND: the interrupt of source [arg] ends here (identity only) */
};

/** What a note of an operation is about; see vtdpi_op_t.note. */
enum { VTDPI_NO_NOTE = 0xFFFF };

/** An operation. Fixed size, by value. */
typedef struct {
    uint8_t kind;  /**< vtdpi_op_kind_t */
    uint8_t stage; /**< vtdpi_stage_t that its time goes to */
    uint8_t cost;  /**< vtdpi_timing_param_t; memory operations: added to what the line costs,
                      locked_rmw or mem_own */
    uint8_t lump;  /**< vtdpi_lump_t, replaces cost */
    uint8_t flags; /**< VTDPI_OPF_* */
    uint8_t word;  /**< word of the line, 0 to 7 */
    uint16_t line; /**< memory line */
    uint16_t note; /**< event emitted when it fires with arguments (arg, a, b), or VTDPI_NO_NOTE */
    uint16_t pad_; /**< 0 */
    uint32_t arg;  /**< small operand, by kind */
    uint64_t a;    /**< operands, by kind; SPEND: picoseconds if cost and lump are 0 … */
    uint64_t b;    /**< … SPEND: cycles */
    uint64_t c;
    uint64_t d;
} vtdpi_op_t;

VTDPI_STATIC_ASSERT(sizeof(vtdpi_op_t) == 48, "an operation has no hidden bytes");

/** The result of an operation. */
typedef struct {
    uint64_t v[2]; /**< by kind */
    uint64_t ok;   /**< CAS64, CAS128: 1 if exchanged */
} vtdpi_result_t;

/** Locals of a frame. */
enum { VTDPI_FRAME_LOCALS = 6 };

/** Cost value of an operation without a parameter of its own: the ordinary step of its place. */
enum { VTDPI_COST_LINE = 0xFF };

/** One activation of a frame function. Arguments arrive in x[0] and up. */
typedef struct {
    uint16_t func; /**< number of the function: vtdpi_func_t */
    uint16_t pc;   /**< resume point */
    uint8_t
        async; /**< pushed by an event: the frame below resumes its own operation, unperformed */
    uint8_t pad_[3];
    uint64_t x[VTDPI_FRAME_LOCALS];
    vtdpi_op_t op; /**< operation that is about to happen */
} vtdpi_frame_t;

VTDPI_STATIC_ASSERT(sizeof(vtdpi_frame_t) == 104, "a frame has no hidden bytes");

#define VTDPI_BEGIN(f)                                                                             \
    switch ((f)->pc) {                                                                             \
    case 0:
/* Three statements: stands in braces of its own or among others, like any list of statements. */
#define VTDPI_YIELD(f, op_)                                                                        \
    (f)->pc = __LINE__;                                                                            \
    return (op_);                                                                                  \
    case __LINE__:;
#define VTDPI_END(f, value)                                                                        \
    default:                                                                                       \
        break;                                                                                     \
        }                                                                                          \
        return vtdpi_op_return(value)

/** An operation of [kind] in [stage] that costs one ordinary step [cost]. */
static inline vtdpi_op_t vtdpi_op_make(vtdpi_op_kind_t kind, vtdpi_stage_t stage, unsigned cost)
{
    vtdpi_op_t op = {0};
    op.kind = (uint8_t)kind;
    op.stage = (uint8_t)stage;
    op.cost = (uint8_t)cost;
    op.note = VTDPI_NO_NOTE;
    return op;
}

/** A memory operation of [kind] on [word] of [line]. */
static inline vtdpi_op_t vtdpi_op_memory(vtdpi_op_kind_t kind, vtdpi_stage_t stage, uint32_t line,
                                         unsigned word)
{
    vtdpi_op_t op = vtdpi_op_make(kind, stage, VTDPI_COST_LINE);
    op.line = (uint16_t)line;
    op.word = (uint8_t)word;
    return op;
}

/** [op] with operands [a] and [b]. */
static inline vtdpi_op_t vtdpi_op_ab(vtdpi_op_t op, uint64_t a, uint64_t b)
{
    op.a = a;
    op.b = b;
    return op;
}

/** [op] with the small operand [arg]. */
static inline vtdpi_op_t vtdpi_op_arg(vtdpi_op_t op, uint32_t arg)
{
    op.arg = arg;
    return op;
}

/** [op] that emits [event] when it fires. */
static inline vtdpi_op_t vtdpi_op_note(vtdpi_op_t op, unsigned event, uint32_t arg)
{
    op.note = (uint16_t)event;
    op.arg = arg;
    return op;
}

/** Spends a measured whole. */
static inline vtdpi_op_t vtdpi_op_lump(vtdpi_lump_t lump, vtdpi_stage_t stage)
{
    vtdpi_op_t op = vtdpi_op_make(VTDPI_OP_SPEND, stage, 0);
    op.lump = (uint8_t)lump;
    return op;
}

/** Spends the timing parameter [cost] once. */
static inline vtdpi_op_t vtdpi_op_spend(vtdpi_stage_t stage, unsigned cost)
{
    return vtdpi_op_make(VTDPI_OP_SPEND, stage, cost);
}

/** Calls frame function [func] with arguments [a] to [c]; its return value is the result. */
static inline vtdpi_op_t vtdpi_op_call(unsigned func, uint64_t a, uint64_t b, uint64_t c)
{
    vtdpi_op_t op = {0};
    op.kind = VTDPI_OP_CALL;
    op.arg = func;
    op.a = a;
    op.b = b;
    op.c = c;
    return op;
}

/** Ends the frame; the caller's operation has the result [value]. */
static inline vtdpi_op_t vtdpi_op_return(uint64_t value)
{
    vtdpi_op_t op = {0};
    op.kind = VTDPI_OP_RETURN;
    op.a = value;
    return op;
}

#ifdef __cplusplus
}
#endif

#endif

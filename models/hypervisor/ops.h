/*
 * The operations that the frame functions of this folder yield, each made in one call.
 */
#ifndef VTDPI_HYPERVISOR_OPS_H
#define VTDPI_HYPERVISOR_OPS_H

#include "vtdpi/protocol.h"

/** Word of [vector] in a 256-bit set, and its bit there. */
static inline unsigned hv_word(uint64_t vector)
{
    return (unsigned)(vector >> 6) & 3U;
}

static inline uint64_t hv_bit(uint64_t vector)
{
    return UINT64_C(1) << (vector & 63U);
}

/** A step of [kind] on the CPU itself. */
static inline vtdpi_op_t hv_op(vtdpi_op_kind_t kind, vtdpi_stage_t stage, uint64_t a, uint64_t b)
{
    return vtdpi_op_ab(vtdpi_op_make(kind, stage, VTDPI_T_host_instr), a, b);
}

/** A memory operation with operands. */
static inline vtdpi_op_t hv_mem(vtdpi_op_kind_t kind, vtdpi_stage_t stage, uint32_t line,
                                unsigned word, uint64_t a, uint64_t b)
{
    return vtdpi_op_ab(vtdpi_op_memory(kind, stage, line, word), a, b);
}

static inline vtdpi_op_t hv_load(vtdpi_stage_t stage, uint32_t line, unsigned word)
{
    return hv_mem(VTDPI_OP_LOAD, stage, line, word, 0, 0);
}

/** Stores [value] to the bits [mask] of the word. */
static inline vtdpi_op_t hv_store(vtdpi_stage_t stage, uint32_t line, unsigned word, uint64_t value,
                                  uint64_t mask)
{
    return hv_mem(VTDPI_OP_STORE, stage, line, word, value, mask);
}

static inline vtdpi_op_t hv_bts(vtdpi_stage_t stage, uint32_t line, unsigned word, uint64_t bits)
{
    return hv_mem(VTDPI_OP_BTS, stage, line, word, bits, 0);
}

static inline vtdpi_op_t hv_btr(vtdpi_stage_t stage, uint32_t line, unsigned word, uint64_t bits)
{
    return hv_mem(VTDPI_OP_BTR, stage, line, word, bits, 0);
}

static inline vtdpi_op_t hv_cas(vtdpi_stage_t stage, uint32_t line, unsigned word, uint64_t old,
                                uint64_t value)
{
    return hv_mem(VTDPI_OP_CAS64, stage, line, word, old, value);
}

static inline vtdpi_op_t hv_lock(vtdpi_stage_t stage, uint32_t line, unsigned word)
{
    return hv_mem(VTDPI_OP_LOCK, stage, line, word, 0, 0);
}

static inline vtdpi_op_t hv_unlock(vtdpi_stage_t stage, uint32_t line, unsigned word)
{
    return hv_mem(VTDPI_OP_UNLOCK, stage, line, word, 0, 0);
}

/** [op], as seen by [event] with the arguments [a0] to [a2]. *Pre:* operands c and d are free. */
static inline vtdpi_op_t hv_seen(vtdpi_op_t op, vtdpi_event_kind_id_t event, uint32_t a0,
                                 uint64_t a1, uint64_t a2)
{
    op = vtdpi_op_note(op, event, a0);
    op.c = a1;
    op.d = a2;
    return op;
}

/** A lump of software that an interrupt may cut. */
static inline vtdpi_op_t hv_lump(vtdpi_lump_t lump, vtdpi_stage_t stage)
{
    vtdpi_op_t op = vtdpi_op_lump(lump, stage);
    op.flags |= VTDPI_OPF_INTERRUPTIBLE;
    return op;
}

/** Sends [vector] to [cpu] the way the host's local APICs are used. */
static inline vtdpi_op_t hv_ipi(const vtdpi_ctx_t *x, vtdpi_stage_t stage, unsigned vector,
                                uint64_t cpu)
{
    vtdpi_op_kind_t kind = x->p->x2apic ? VTDPI_OP_IPI : VTDPI_OP_IPI_MMIO;
    unsigned cost = x->p->x2apic ? VTDPI_T_ipi_send_x2apic : VTDPI_T_ipi_send_xapic;
    return vtdpi_op_ab(vtdpi_op_make(kind, stage, cost), vector, cpu);
}

/** The interrupt of [source] is given up: its guest has no part in the device any more. */
static inline vtdpi_op_t hv_drop(vtdpi_stage_t stage, uint32_t source)
{
    vtdpi_op_t op = hv_op(VTDPI_OP_SPEND, stage, 0, 0);
    op.flags |= VTDPI_OPF_DROP;
    op.arg = source;
    return op;
}

/** [op], which takes the interrupt of source [owner] - 1 along, or none if [owner] is 0. */
static inline vtdpi_op_t hv_carry(vtdpi_op_t op, uint64_t owner)
{
    if (owner != 0) {
        op.flags |= VTDPI_OPF_CARRY;
        op.arg = (uint32_t)(owner - 1);
    }
    return op;
}

#endif

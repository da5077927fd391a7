/*
 * Interrupt requests (writes to FEEx_xxxxh), what an IOAPIC makes of a redirection entry, and
 * interrupt messages, which is what travels to the local APICs.
 *
 * Reads / Writes: nothing; rules on values.
 * Timing: none.
 * Not modelled: destination ID bits 14:8 in address bits 11:5, a convention of hypervisors.
 * Spec: VT-d, "Interrupt Requests"; SDM 3A, "Message Signalled Interrupts".
 */
#ifndef VTDPI_MSI_H
#define VTDPI_MSI_H

#include "vtdpi/base.h"
#include "vtdpi/layout.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Delivery modes, as encoded in DLM. 3 and 6 are reserved (6 is start-up in an ICR). */
typedef enum {
    VTDPI_DLM_FIXED = 0,
    VTDPI_DLM_LOWEST = 1,
    VTDPI_DLM_SMI = 2,
    VTDPI_DLM_NMI = 4,
    VTDPI_DLM_INIT = 5,
    VTDPI_DLM_STARTUP = 6,
    VTDPI_DLM_EXTINT = 7,
} vtdpi_dlm_t;

/** An interrupt message, on its way to local APICs. */
typedef struct {
    uint32_t dest;         /**< destination: APIC ID or logical ID */
    uint8_t vector;        /**< vector, 0-255 */
    uint8_t delivery_mode; /**< vtdpi_dlm_t */
    uint8_t dest_mode;     /**< 0 physical, 1 logical */
    uint8_t trigger_mode;  /**< 0 edge, 1 level */
    uint8_t level;         /**< 0 deassert, 1 assert */
    uint8_t rh;            /**< redirection hint */
    uint8_t wide;          /**< 1: dest has 32 bits (x2APIC), 0: 8 bits */
    uint8_t pad_;          /**< 0 */
} vtdpi_intr_msg_t;

VTDPI_STATIC_ASSERT(sizeof(vtdpi_intr_msg_t) == 12, "interrupt messages have no hidden bytes");

/** A 4-byte write that requests an interrupt. */
typedef struct {
    uint64_t addr; /**< address; FEEx_xxxxh in an interrupt request */
    uint32_t data; /**< data */
    uint32_t pad_; /**< 0 */
} vtdpi_msi_t;

/** What a write means to a remapping unit that reads it as the remappable format. */
typedef struct {
    uint32_t index;     /**< handle, plus subhandle if SHV: up to 17 bits, not wrapped */
    uint16_t handle;    /**< handle[15:0] */
    uint16_t subhandle; /**< data[15:0] if SHV, else 0 */
    bool is_interrupt;  /**< the address is FEEx_xxxxh */
    bool remappable;    /**< address bit 4; the fields above mean nothing if it is 0 */
    bool shv;           /**< subhandle valid */
    bool reserved_ok;   /**< SHV = 0, or data[31:16] is 0 */
} vtdpi_msi_request_t;

/**
 * Decodes the request [msi] as the remapping unit does.
 * *Spec:* VT-d, "Interrupt Requests in Remappable Format".
 */
VTDPI_API vtdpi_msi_request_t vtdpi_msi_decode(vtdpi_msi_t msi);

/**
 * The address of a remappable request with handle [index] and SHV as [shv].
 * *Spec:* VT-d, "Interrupt Requests in Remappable Format".
 */
VTDPI_API uint64_t vtdpi_msi_address(uint16_t index, bool shv);

/**
 * The message that the compatibility-format request [msi] asks for; address bits 11:5 and data bits
 * 31:16 and 13:11 are ignored. *Spec:* VT-d, "Interrupt Requests in Intel 64 Compatibility Format".
 * *Choice:* for an edge the level is taken as it stands in data bit 14.
 */
VTDPI_API vtdpi_intr_msg_t vtdpi_msi_compat_decode(vtdpi_msi_t msi);

/**
 * The compatibility-format request for [msg].
 * *Pre:* msg.dest below 256, msg.wide 0.
 * *Spec:* VT-d, "Interrupt Requests in Intel 64 Compatibility Format".
 */
VTDPI_API vtdpi_msi_t vtdpi_msi_compat_make(vtdpi_intr_msg_t msg);

/**
 * An unmasked IOAPIC redirection entry in remappable form.
 * *Pre:* vector below 256; vector and level equal the IRTE's V and TM where the entry is
 * level-triggered. *Spec:* VT-d, "Programming of Interrupt Remapping in IOxAPICs".
 */
VTDPI_API uint64_t vtdpi_msi_rte_make(uint16_t index, bool level, uint8_t vector);

/**
 * The request that an IOAPIC sends for redirection entry [rte], of either form.
 * *Spec:* VT-d, "Programming of Interrupt Remapping in IOxAPICs".
 * *Choice:* data bit 14 (level) is 1: an IOAPIC sends assertions only.
 */
VTDPI_API vtdpi_msi_t vtdpi_msi_rte_request(uint64_t rte);

#ifdef __cplusplus
}
#endif

#endif

/*
 * A YAML document as a tree of nodes with positions. yaml.c alone knows libyaml.
 *
 * Aliases are resolved (nodes are shared, never changed), merge keys (<<) are applied, keys of a
 * map are unique texts. Not supported, and refused with a position: tags, several documents,
 * control characters in texts, keys that are no texts, an anchor inside itself.
 */
#ifndef VTDPI_SRC_SCENARIO_NODE_H
#define VTDPI_SRC_SCENARIO_NODE_H

#include "scenario/arena.h"
#include "scenario/diag.h"

/** Limits of a file. */
enum {
    VTDPI_YAML_BYTES_MAX = 16 * 1024 * 1024, /**< size */
    VTDPI_YAML_DEPTH_MAX = 24,               /**< nesting of maps and lists */
    VTDPI_YAML_NODES_MAX =
        1000 * 1000,               /**< nodes, each counted once for every alias that repeats it */
    VTDPI_YAML_ALIASES_MAX = 1000, /**< anchors, and aliases */
    VTDPI_YAML_KEYS_MAX = 256,     /**< keys of one map */
};

/** Kinds of node. */
typedef enum { VTDPI_NODE_SCALAR, VTDPI_NODE_LIST, VTDPI_NODE_MAP } vtdpi_node_kind_t;

/** A node. */
typedef struct vtdpi_node {
    vtdpi_node_kind_t kind;
    bool plain;                      /**< SCALAR: not quoted */
    bool open;                       /**< still being read */
    vtdpi_position_t place;          /**< where it starts */
    const char *text;                /**< SCALAR */
    const struct vtdpi_node **items; /**< LIST: items; MAP: key, value, key, value, … */
    uint32_t count;                  /**< of items */
    uint32_t size;                   /**< nodes below and including it, aliases expanded */
} vtdpi_node_t;

/**
 * Reads [length] bytes of [text]; [file] names it. Returns the root, or NULL if the text cannot be
 * used at all. Errors that leave a usable tree (duplicate keys) are only added to [diags].
 */
const vtdpi_node_t *vtdpi_yaml_read(vtdpi_arena_t *arena, vtdpi_diags_t *diags, const char *file,
                                    const char *text, size_t length);

/** The value of [key] in map [node], or NULL. */
const vtdpi_node_t *vtdpi_node_get(const vtdpi_node_t *node, const char *key);

/** The node of the key itself, or NULL. */
const vtdpi_node_t *vtdpi_node_get_key(const vtdpi_node_t *node, const char *key);

/** Whether [node] is an unquoted nothing (empty, ~ or null). */
bool vtdpi_node_is_null(const vtdpi_node_t *node);

#endif

/*
 * Scenarios and timing profiles as files: reading with diagnostics, writing the effective
 * configuration, and the pages that are made from the table of keys.
 *
 * Nothing here prints. What is wrong with a file goes into a list of diagnostics that the caller
 * owns; all errors of a file are found in one go and sorted by position.
 */
#ifndef VTDPI_SCENARIO_IO_H
#define VTDPI_SCENARIO_IO_H

#include "vtdpi/base.h"
#include "vtdpi/profile.h"
#include "vtdpi/scenario.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One thing that is wrong with a file. Lines and columns count from 1; 0 means the file as a
 * whole. */
typedef struct {
    const char *file;       /**< name as the caller gave it */
    uint32_t line;          /**< line, 1 and up */
    uint32_t column;        /**< column in characters, 1 and up */
    const char *message;    /**< what is wrong and what was expected; one line */
    const char *suggestion; /**< nearest valid name, or NULL */
} vtdpi_diag_t;

/** A list of diagnostics. */
typedef struct vtdpi_diags vtdpi_diags_t;

/** Makes an empty list, or returns NULL when memory is exhausted. */
VTDPI_API vtdpi_diags_t *vtdpi_diags_new(void);

/** Frees [diags] and every text that it handed out; NULL is allowed. */
VTDPI_API void vtdpi_diags_free(vtdpi_diags_t *diags);

/** How many diagnostics [diags] holds. */
VTDPI_API size_t vtdpi_diags_count(const vtdpi_diags_t *diags);

/** Diagnostic [index], in order of position; valid until the list is freed. *Pre:* index < count.
 */
VTDPI_API const vtdpi_diag_t *vtdpi_diags_at(const vtdpi_diags_t *diags, size_t index);

/**
 * Writes [diag] to [out] as one line, `file:line:column: message; did you mean "name"?`, without a
 * newline. *Errors:* VTDPI_ERR_INTERNAL when writing fails.
 */
VTDPI_API vtdpi_err_t vtdpi_diag_write(const vtdpi_diag_t *diag, FILE *out);

/**
 * Reads the scenario file [path]. On success [out] is a scenario that vtdpi_scenario_free releases;
 * otherwise [out] is NULL and [diags] says why. *Errors:* VTDPI_ERR_INPUT (see diags),
 * VTDPI_ERR_INTERNAL (out of memory).
 */
VTDPI_API vtdpi_err_t vtdpi_scenario_read_file(const char *path, vtdpi_diags_t *diags,
                                               vtdpi_scenario_t **out);

/**
 * Reads a scenario from [length] bytes of [text]; [filename] names it in diagnostics, and files
 * that it mentions are looked up beside [filename]. *Errors:* as vtdpi_scenario_read_file.
 */
VTDPI_API vtdpi_err_t vtdpi_scenario_read_text(const char *text, size_t length,
                                               const char *filename, vtdpi_diags_t *diags,
                                               vtdpi_scenario_t **out);

/** Frees a scenario that was read; NULL is allowed. *Pre:* [scenario] came from a
 * vtdpi_scenario_read function. */
VTDPI_API void vtdpi_scenario_free(vtdpi_scenario_t *scenario);

/** Fills [scenario] with the default of every key and with no VM, device or event at all. */
VTDPI_API void vtdpi_scenario_default(vtdpi_scenario_t *scenario);

/**
 * Writes [scenario] to [out] as YAML with every default written out, the timing profile inline.
 * Reading the text back gives the same scenario. *Errors:* VTDPI_ERR_INPUT (no built-in profile has
 * the name in timing), VTDPI_ERR_INTERNAL (memory, writing).
 */
VTDPI_API vtdpi_err_t vtdpi_scenario_write_yaml(const vtdpi_scenario_t *scenario, FILE *out);

/** Name of built-in profile [index] in alphabetical order, or NULL past the last. */
VTDPI_API const char *vtdpi_profile_builtin_name(size_t index);

/**
 * Makes the built-in profile [name]; the caller frees it with vtdpi_profile_free.
 * *Errors:* VTDPI_ERR_INPUT (no such profile), VTDPI_ERR_INTERNAL. [out] is NULL then.
 */
VTDPI_API vtdpi_err_t vtdpi_profile_builtin(const char *name, vtdpi_profile_t **out);

/**
 * Reads the profile file [path]; the caller frees it with vtdpi_profile_free.
 * *Errors:* VTDPI_ERR_INPUT (see [diags]), VTDPI_ERR_INTERNAL. [out] is NULL then.
 */
VTDPI_API vtdpi_err_t vtdpi_profile_read_file(const char *path, vtdpi_diags_t *diags,
                                              vtdpi_profile_t **out);

/** Frees a profile; NULL is allowed. *Pre:* [profile] came from vtdpi_profile_builtin or
 * vtdpi_profile_read_file. */
VTDPI_API void vtdpi_profile_free(vtdpi_profile_t *profile);

/** Writes the JSON Schema of scenario files. *Errors:* VTDPI_ERR_INTERNAL when writing fails. */
VTDPI_API vtdpi_err_t vtdpi_schema_write(FILE *out);

/** Writes the reference page of all scenario keys, in Markdown. *Errors:* VTDPI_ERR_INTERNAL when
 * writing fails. */
VTDPI_API vtdpi_err_t vtdpi_reference_write(FILE *out);

/** Writes the page of all built-in timing profiles, in Markdown. *Errors:* VTDPI_ERR_INTERNAL. */
VTDPI_API vtdpi_err_t vtdpi_profiles_page_write(FILE *out);

#ifdef __cplusplus
}
#endif

#endif

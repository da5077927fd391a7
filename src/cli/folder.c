/* Run folders: made beside their place, then put there in one step. */
#include "cli.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const folder_files[] = {"config.yaml",    "events.jsonl", "host.json",
                                           "interrupts.csv", "stats.json",   "summary.txt"};

enum { FOLDER_FILES = sizeof folder_files / sizeof folder_files[0], MODE = 0777 };

/** "folder/name" without stdio: a signal handler comes here. */
static bool path_join(char *out, const char *folder, const char *name)
{
    size_t first = strlen(folder), second = strlen(name);
    if (first + second + 2 > CLI_PATH) {
        return false;
    }
    memcpy(out, folder, first);
    out[first] = '/';
    memcpy(out + first + 1, name, second + 1);
    return true;
}

bool cli_folder_remove(const char *path)
{
    char file[CLI_PATH];
    for (int i = 0; i < FOLDER_FILES; i++) {
        if (path_join(file, path, folder_files[i])) {
            (void)unlink(file);
        }
    }
    return rmdir(path) == 0;
}

static bool is_our_name(const char *name)
{
    for (int i = 0; i < FOLDER_FILES; i++) {
        if (strcmp(name, folder_files[i]) == 0) {
            return true;
        }
    }
    return false;
}

/** Whether stats.json in folder [path] begins as ours does. */
static bool has_marker(const char *path)
{
    static const char marker[] = "{\n  \"format\": {\"value\": \"vtdpi-stats ";
    char name[CLI_PATH], start[sizeof marker] = "";
    FILE *file = path_join(name, path, "stats.json") ? fopen(name, "r") : NULL;
    if (file == NULL) {
        return false;
    }
    size_t count = fread(start, 1, sizeof marker - 1, file);
    (void)fclose(file);
    return count == sizeof marker - 1 && memcmp(start, marker, count) == 0;
}

/** Name of a file in folder [path] that is not ours, in [name]; "" if there is none. [any]: there
 * is some file. */
static bool folder_scan(const char *path, char name[256], bool *any)
{
    DIR *folder = opendir(path);
    name[0] = '\0';
    *any = false;
    if (folder == NULL) {
        return false;
    }
    struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        *any = true;
        if (!is_our_name(entry->d_name)) {
            (void)snprintf(name, 256, "%s", entry->d_name);
        }
    }
    (void)closedir(folder);
    return true;
}

/** Whether [path] may become a run folder: it is not there, is empty, or is one already. */
static int folder_may_be(const char *path)
{
    struct stat status;
    char foreign[256];
    bool any;
    if (lstat(path, &status) != 0) {
        return errno == ENOENT ? CLI_OK : cli_bad("%s: %s", path, strerror(errno));
    }
    if (!S_ISDIR(status.st_mode)) {
        return cli_bad("%s exists and is not a folder; choose another name for -o", path);
    }
    if (!folder_scan(path, foreign, &any)) {
        return cli_bad("%s cannot be read: %s", path, strerror(errno));
    }
    if (foreign[0] != '\0' || (any && !has_marker(path))) {
        return cli_bad(
            "%s exists and is not a run folder that vtdpi wrote%s%s; it is left as it is", path,
            foreign[0] != '\0' ? ": it holds " : "", foreign);
    }
    return CLI_OK;
}

/** Makes the folders above [path]. */
static void parents_make(const char *path)
{
    char part[CLI_PATH];
    (void)snprintf(part, sizeof part, "%s", path);
    for (char *c = part + 1; *c != '\0'; c++) {
        if (*c == '/') {
            *c = '\0';
            (void)mkdir(part, MODE);
            *c = '/';
        }
    }
}

int cli_folder_start(cli_folder_t *folder, const char *path)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    if (length == 0 || length + 32 > CLI_PATH) {
        return cli_bad("-o wants the name of a folder of at most %d characters", CLI_PATH - 32);
    }
    memcpy(folder->path, path, length);
    folder->path[length] = '\0';
    int code = folder_may_be(folder->path);
    if (code != CLI_OK) {
        return code;
    }
    parents_make(folder->path);
    memcpy(folder->draft, folder->path, length);
    (void)snprintf(folder->draft + length, sizeof folder->draft - length, ".part-%ld",
                   (long)getpid());
    if (mkdir(folder->draft, MODE) != 0) {
        return cli_bad("%s cannot be made: %s", folder->path, strerror(errno));
    }
    if (!cli_guard(folder->draft)) {
        cli_folder_drop(folder);
        return cli_broken("too many folders at a time");
    }
    return CLI_OK;
}

FILE *cli_folder_file(const cli_folder_t *folder, const char *name)
{
    char path[CLI_PATH];
    FILE *file = path_join(path, folder->draft, name) ? fopen(path, "w") : NULL;
    if (file == NULL) {
        (void)cli_broken("%s/%s cannot be written: %s", folder->path, name, strerror(errno));
    }
    return file;
}

/** Moves an earlier run folder out of the way; its name in [old], "" if there is none. */
static bool folder_step_aside(const cli_folder_t *folder, char *old)
{
    old[0] = '\0';
    if (!cli_is_folder(folder->path)) {
        return true;
    }
    size_t length = strlen(folder->path);
    memcpy(old, folder->path, length);
    (void)snprintf(old + length, CLI_PATH - length, ".old-%ld", (long)getpid());
    return rename(folder->path, old) == 0;
}

int cli_folder_commit(cli_folder_t *folder)
{
    char old[CLI_PATH];
    int code = folder_may_be(folder->path);
    if (code != CLI_OK) {
        cli_folder_drop(folder);
        return code;
    }
    if (!folder_step_aside(folder, old) || rename(folder->draft, folder->path) != 0) {
        int reason = errno;
        if (old[0] != '\0') {
            (void)rename(old, folder->path);
        }
        cli_folder_drop(folder);
        return cli_broken("%s could not be put in place: %s", folder->path, strerror(reason));
    }
    cli_unguard(folder->draft);
    if (old[0] != '\0') {
        (void)cli_folder_remove(old);
    }
    return CLI_OK;
}

void cli_folder_drop(cli_folder_t *folder)
{
    (void)cli_folder_remove(folder->draft);
    cli_unguard(folder->draft);
}

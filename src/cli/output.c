/* Files that appear whole or not at all, also when a signal ends the program. */
#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GUARDS = 16 };

/* A signal handler can see nothing but static objects: what it has to remove stands here. */
/* NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): for a signal handler */
static char guards[GUARDS][CLI_PATH];

static void on_signal(int number)
{
    for (int i = 0; i < GUARDS; i++) {
        if (guards[i][0] != '\0' && unlink(guards[i]) != 0) {
            (void)cli_folder_remove(guards[i]);
        }
    }
    if (number == SIGABRT) {
        _exit(CLI_INTERNAL); /* an assertion, which has said what it is about */
    }
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

void cli_guard_start(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGABRT};
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct sigaction old;
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL) {
            (void)sigaction(numbers[i], &action, NULL);
        }
    }
}

/** Blocks the signals that the handler is for, so that it never sees half a name. */
static void signals_hold(sigset_t *before)
{
    sigset_t all;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, before);
}

bool cli_guard(const char *path)
{
    sigset_t before;
    bool done = false;
    signals_hold(&before);
    for (int i = 0; i < GUARDS && !done; i++) {
        if (guards[i][0] == '\0' && strlen(path) < CLI_PATH) {
            memcpy(guards[i], path, strlen(path) + 1);
            done = true;
        }
    }
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return done;
}

void cli_unguard(const char *path)
{
    sigset_t before;
    signals_hold(&before);
    for (int i = 0; i < GUARDS; i++) {
        if (strcmp(guards[i], path) == 0) {
            guards[i][0] = '\0';
        }
    }
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
}

/** Whether [path] is something that must be written in place. */
static bool is_special(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

int cli_output_open(cli_output_t *output, const char *path)
{
    output->file = NULL;
    output->draft[0] = '\0';
    int length = snprintf(output->path, sizeof output->path, "%s", path);
    if (!is_special(path)) {
        length = snprintf(output->draft, sizeof output->draft, "%s.part-%ld", path, (long)getpid());
    }
    if (length < 0 || length >= CLI_PATH) {
        return cli_bad("the name of a file to write is too long");
    }
    if (output->draft[0] != '\0' && !cli_guard(output->draft)) {
        return cli_broken("too many files at a time");
    }
    output->file = fopen(output->draft[0] != '\0' ? output->draft : output->path, "w");
    if (output->file == NULL) {
        int reason = errno;
        cli_unguard(output->draft);
        return cli_bad("%s cannot be written: %s", path, strerror(reason));
    }
    return CLI_OK;
}

int cli_output_commit(cli_output_t *output)
{
    bool failed = ferror(output->file) != 0;
    failed = fclose(output->file) != 0 || failed;
    output->file = NULL;
    if (output->draft[0] == '\0') {
        return failed ? cli_broken("%s could not be written", output->path) : CLI_OK;
    }
    if (failed || rename(output->draft, output->path) != 0) {
        int reason = errno;
        (void)unlink(output->draft);
        cli_unguard(output->draft);
        return cli_broken("%s could not be written: %s", output->path, strerror(reason));
    }
    cli_unguard(output->draft);
    return CLI_OK;
}

void cli_output_drop(cli_output_t *output)
{
    if (output->file == NULL) {
        return;
    }
    (void)fclose(output->file);
    output->file = NULL;
    if (output->draft[0] != '\0') {
        (void)unlink(output->draft);
        cli_unguard(output->draft);
    }
}

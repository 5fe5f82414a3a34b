/* SPDX-License-Identifier: Apache-2.0
 *
 *   peak FILE PROGRAM ARGS...   run a program; its peak resident memory, KiB, goes to FILE. Ends
 *                               with the program's exit code.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct rusage usage;
    int status;
    FILE *f;
    pid_t pid;

    if (argc < 3) return 125;
    pid = fork();
    if (!pid) {
        execvp(argv[2], argv + 2);
        _exit(126);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid) return 125;
    getrusage(RUSAGE_CHILDREN, &usage);
    f = fopen(argv[1], "w");
    if (!f) return 125;
    fprintf(f, "%ld\n", usage.ru_maxrss);
    fclose(f);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

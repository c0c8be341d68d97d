/*
 * measure FILE COMMAND…: runs the command and writes what the kernel counted for it (user and system time of
 * the whole process, CPU of its main thread, peak RSS) to FILE. SIGTERM and SIGINT are handed on. Ends with
 * the command's exit code.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t child;

static void hand_on(int signal) {
  kill(child, signal);
}

static double seconds(struct timeval t) {
  return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Of a process that has ended and was not waited for yet: its entry still has the main thread's time. */
static double main_thread_seconds(pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/schedstat", (int)pid);
  unsigned long long nanoseconds = 0;
  FILE *in = fopen(path, "r");
  if (!in) return 0;
  if (fscanf(in, "%llu", &nanoseconds) != 1) nanoseconds = 0;
  fclose(in);
  return (double)nanoseconds / 1e9;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  double begun = now();
  child = fork();
  if (child < 0) return 2;
  if (child == 0) {
    execvp(argv[2], argv + 2);
    perror(argv[2]);
    _exit(127);
  }
  struct sigaction action = {.sa_handler = hand_on};
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  siginfo_t ended;
  while (waitid(P_PID, (id_t)child, &ended, WEXITED | WNOWAIT) < 0)
    if (errno != EINTR) return 2;
  double main_seconds = main_thread_seconds(child);
  int status;
  struct rusage usage;
  while (wait4(child, &status, 0, &usage) < 0)
    if (errno != EINTR) return 2;
  FILE *out = fopen(argv[1], "w");
  if (!out) return 2;
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  fprintf(out,
          "{\"code\":%d,\"seconds\":%.4f,\"userSeconds\":%.4f,\"systemSeconds\":%.4f,\"mainSeconds\":%.4f,"
          "\"rssPeakBytes\":%lld,\"contextSwitches\":%ld}\n",
          code, now() - begun, seconds(usage.ru_utime), seconds(usage.ru_stime), main_seconds,
          (long long)usage.ru_maxrss * 1024, usage.ru_nvcsw + usage.ru_nivcsw);
  fclose(out);
  return code;
}

#include "tool/seccomp_filter.h"

#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace gantry::tool {
namespace {

// What ordinary programs need: memory, files, threads, time, pipes, local sockets. Not on it: ptrace, process_vm_*,
// mount and its family, bpf, perf, keyrings, io_uring, userfaultfd, namespaces, modules, clocks, swap, reboot, kexec,
// handles of files, chroot, pidfd_getfd.
constexpr const char* allowed_calls[] = {
    "accept", "accept4", "access", "alarm", "arch_prctl", "bind", "brk", "capget", "chdir", "chmod", "chown",
    "clock_getres", "clock_gettime", "clock_nanosleep", "close", "close_range", "connect", "copy_file_range", "creat",
    "dup", "dup2", "dup3", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait",
    "eventfd", "eventfd2", "execve", "execveat", "exit", "exit_group", "faccessat", "faccessat2", "fadvise64",
    "fallocate", "fchdir", "fchmod", "fchmodat", "fchown", "fchownat", "fcntl", "fdatasync", "fgetxattr", "flistxattr",
    "flock", "fork", "fremovexattr", "fsetxattr", "fstat", "fstatfs", "fsync", "ftruncate", "futex", "futex_waitv",
    "futimesat", "get_robust_list", "get_thread_area", "getcpu", "getcwd", "getdents", "getdents64", "getegid",
    "geteuid", "getgid", "getgroups", "getitimer", "getpeername", "getpgid", "getpgrp", "getpid", "getppid",
    "getpriority", "getrandom", "getresgid", "getresuid", "getrlimit", "getrusage", "getsid", "getsockname",
    "getsockopt", "gettid", "gettimeofday", "getuid", "getxattr", "inotify_add_watch", "inotify_init", "inotify_init1",
    "inotify_rm_watch", "kill", "lchown", "lgetxattr", "link", "linkat", "listen", "listxattr", "llistxattr", "lseek",
    "lstat", "madvise", "membarrier", "memfd_create", "mincore", "mkdir", "mkdirat", "mlock", "mlock2", "mmap",
    "mprotect", "mremap", "msync", "munlock", "munmap", "nanosleep", "newfstatat", "open", "openat", "openat2",
    "pause", "pidfd_open", "pidfd_send_signal", "pipe", "pipe2", "poll", "ppoll", "prctl", "pread64", "preadv",
    "preadv2", "prlimit64", "pselect6", "pwrite64", "pwritev", "pwritev2", "read", "readahead", "readlink",
    "readlinkat", "readv", "recvfrom", "recvmmsg", "recvmsg", "rename", "renameat", "renameat2", "restart_syscall",
    "rmdir", "rseq", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn",
    "rt_sigsuspend", "rt_sigtimedwait", "rt_tgsigqueueinfo", "sched_get_priority_max", "sched_get_priority_min",
    "sched_getaffinity", "sched_getattr", "sched_getparam", "sched_getscheduler", "sched_rr_get_interval",
    "sched_setaffinity", "sched_yield", "select", "sendfile", "sendmmsg", "sendmsg", "sendto", "set_robust_list",
    "set_thread_area", "set_tid_address", "setgid", "setgroups", "setitimer", "setpgid", "setpriority", "setregid",
    "setresgid", "setresuid", "setreuid", "setrlimit", "setsid", "setsockopt", "setuid", "shutdown", "sigaltstack",
    "signalfd", "signalfd4", "socketpair", "splice", "stat", "statfs", "statx", "symlink", "symlinkat", "sync",
    "sync_file_range", "sysinfo", "tee", "tgkill", "time", "timer_create", "timer_delete", "timer_getoverrun",
    "timer_gettime", "timer_settime", "timerfd_create", "timerfd_gettime", "timerfd_settime", "times", "tkill",
    "truncate", "umask", "uname", "unlink", "unlinkat", "utime", "utimensat", "utimes", "vfork", "wait4", "waitid",
    "write", "writev"};

constexpr unsigned long new_namespaces = CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
                                         CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWTIME;
// Terminals' settings and sizes, and flags of descriptors.
constexpr unsigned long allowed_requests[] = {TCGETS,  TCSETS,    TCSETSW,    TCSETSF,   TIOCGWINSZ, TIOCGPGRP,
                                              FIONREAD, FIONBIO,  FIOASYNC,   FIOCLEX,   FIONCLEX};

struct ReleaseFilter {
  void operator()(void* filter) const { seccomp_release(filter); }
};

bool add_conditional_rules(scmp_filter_ctx filter) {
  const auto allow = [&](const char* name, const scmp_arg_cmp& condition) {
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, seccomp_syscall_resolve_name(name), 1, &condition) == 0;
  };
  // New threads and processes, no new namespaces. clone3 hides its flags in memory, where a filter can't look; the C
  // library goes back to clone when it is told that there is none.
  bool fine = allow("clone", SCMP_A0(SCMP_CMP_MASKED_EQ, new_namespaces, 0));
  fine = fine && seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), seccomp_syscall_resolve_name("clone3"), 0) == 0;
  fine = fine && allow("socket", SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0));
  // Each with all 64 bits as given: the kernel looks at the lower 32 only, so that a list of refused requests
  // (TIOCSTI, TIOCLINUX: they type into somebody's terminal) could be passed by.
  for (const unsigned long request : allowed_requests)
    fine = fine && allow("ioctl", SCMP_A1(SCMP_CMP_EQ, request, 0));
  return fine;
}

}  // namespace

Result<std::string> seccomp_program() {
  const Error refused{Code::unavailable, "libseccomp can't make the filter of system calls"};
  const std::unique_ptr<void, ReleaseFilter> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (filter == nullptr) return refused;
  for (const char* name : allowed_calls) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number < 0) continue;  // this architecture or libseccomp has no such call
    if (seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, number, 0) != 0) return refused;
  }
  if (!add_conditional_rules(filter.get())) return refused;
  const int file = memfd_create("seccomp", MFD_CLOEXEC);
  if (file < 0) return refused;
  std::string program;
  const bool exported = seccomp_export_bpf(filter.get(), file) == 0;
  const off_t size = lseek(file, 0, SEEK_END);
  if (exported && size > 0) {
    program.resize(static_cast<std::size_t>(size));
    if (pread(file, program.data(), program.size(), 0) != size) program.clear();
  }
  close(file);
  return program.empty() ? Result<std::string>(refused) : Result<std::string>(std::move(program));
}

}  // namespace gantry::tool

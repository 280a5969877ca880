/*
 * Runs single i386 instructions on this machine's own processor: a 32-bit
 * program that lives in its signal handler. Each trap ends one case and
 * begins the next, by changing the context that sigreturn will load. Same
 * memory and same protocol as unicorn.c. Compile with -m32 -static.
 *
 * x87 and vector registers are loaded by an FXRSTOR in front of the case,
 * stepped over like it; sigreturn would take them from two places at once.
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include "protocol.h"

enum { REPEATS = 1, LAST = 2, FLOATS = 4 };

/* Who answers: selectors that Linux gave, and what makers choose. */
struct introduction {
  uint32_t fs, gs, mxcsr_mask, maker[3], signature;
};

static const int regs[8] = {
  REG_EAX, REG_ECX, REG_EDX, REG_EBX, REG_ESP, REG_EBP, REG_ESI, REG_EDI,
};
/* ES CS SS DS FS GS */
static const int segs[6] = {
  REG_ES, REG_CS, REG_SS, REG_DS, REG_FS, REG_GS,
};
static uint8_t shadow[DATA_SIZE], stack[1 << 16];
static uint8_t floats[512] __attribute__((aligned(16)));
static uint8_t out[1 << 20];
static uint32_t filled;
static struct request q;
static int running, loading;

static int raw(int number, int a, const void *b, int c)
{
  int result;
  asm volatile("int $0x80" : "=a"(result)
               : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
  return result;
}

static void flush(void)
{
  for (uint32_t at = 0; at < filled;)
    at += raw(SYS_write, 1, out + at, filled - at);
  filled = 0;
}

static void put(const void *bytes, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++) out[filled + i] = ((uint8_t *)bytes)[i];
  filled += n;
}

static void get(void *bytes, uint32_t n)
{
  for (uint32_t at = 0; at < n;) {
    int more = raw(SYS_read, 0, (uint8_t *)bytes + at, n - at);
    if (more <= 0) raw(SYS_exit_group, 0, 0, 0);
    at += more;
  }
}

/* Words of the data that are no longer what they were, as writes. */
static uint32_t put_changes(void)
{
  uint32_t count = 0;
  for (uint32_t at = 0; at < DATA_SIZE; at += 4) {
    if (at == MISSING) at += PAGE;
    if (at == READ_ONLY) at += PAGE;
    uint32_t now = *(volatile uint32_t *)at;
    if (now == *(uint32_t *)(shadow + at)) continue;
    *(uint32_t *)(shadow + at) = now;
    struct write w = { at, 4, now, 0 };
    put(&w, sizeof w);
    count++;
  }
  return count;
}

static void finish(int signal, ucontext_t *context)
{
  greg_t *g = context->uc_mcontext.gregs;
  struct answer a = { .vector = signal == SIGTRAP && g[REG_TRAPNO] == 1
                        ? -1 : g[REG_TRAPNO] };
  a.code = g[REG_ERR];
  a.cr2 = context->uc_mcontext.cr2;
  a.eip = g[REG_EIP];
  for (int i = 0; i < 8; i++) a.reg[i] = g[regs[i]];
  for (int i = 0; i < 6; i++) a.segments[i] = (uint16_t)g[segs[i]];
  a.eflags = g[REG_EFL];
  uint32_t at = filled;
  put(&a, sizeof a);
  uint32_t count = put_changes();
  memcpy(out + at + offsetof(struct answer, count), &count, 4);
  /* behind the 112 bytes of the old format */
  if (q.kind & FLOATS)
    put((uint8_t *)context->uc_mcontext.fpregs + 112, 512);
  if ((q.kind & LAST) || filled > sizeof out / 2) flush();
}

static void poke(const struct poke *p)
{
  if (p->address == ~0u) return;
  *(volatile uint32_t *)p->address = p->value;
  *(uint32_t *)(shadow + p->address) = p->value;
}

enum { LOAD_BYTES = 7 };
static uint8_t replaced[LOAD_BYTES];

/* fxrstor [floats], in the seven bytes before the case */
static void put_load(void)
{
  uint32_t where = (uint32_t)floats;
  volatile uint8_t *at = (uint8_t *)q.address - LOAD_BYTES;
  for (int i = 0; i < LOAD_BYTES; i++) replaced[i] = at[i];
  at[0] = 0x0f;
  at[1] = 0xae;
  at[2] = 0x0d;
  for (int i = 0; i < 4; i++) at[3 + i] = where >> (8 * i);
}

/* Cases may read code, and no other machine has an FXRSTOR there. */
static void remove_load(void)
{
  volatile uint8_t *at = (uint8_t *)q.address - LOAD_BYTES;
  for (int i = 0; i < LOAD_BYTES; i++) at[i] = replaced[i];
  loading = 0;
}

static void next(greg_t *g)
{
  get(&q, sizeof q);
  for (int i = 0; i < 16; i++) ((volatile uint8_t *)q.address)[i] = q.code[i];
  for (int i = 0; i < 4; i++) poke(&q.pokes[i]);
  for (int i = 0; i < 8; i++) g[regs[i]] = q.reg[i];
  for (int i = 0; i < 6; i++) g[segs[i]] = q.segments[i];
  g[REG_EIP] = q.eip;
  g[REG_EFL] = q.eflags | 0x100;
  if (!(q.kind & FLOATS)) return;
  get(floats, sizeof floats);
  put_load();
  g[REG_EIP] -= LOAD_BYTES;
  loading = 1;
}

static void on_signal(int signal, siginfo_t *info, void *context)
{
  (void)info;
  ucontext_t *u = context;
  greg_t *g = u->uc_mcontext.gregs;
  /* no alignment checks in here; NT and ID would live on from case to case */
  asm volatile("pushfl; andl $~0x244000, (%%esp); popfl" ::: "memory");
  if (running && signal == SIGTRAP && g[REG_TRAPNO] == 1
      && (uint32_t)g[REG_EIP] == q.eip) {
    int again = loading || (q.kind & REPEATS);
    if (loading) remove_load();
    if (again) return;
  }
  if (loading) remove_load();
  if (running) finish(signal, u);
  running = 1;
  next(g);
}

/* FS and GS, in the table every program has. */
static uint32_t segment(uint32_t base)
{
  struct user_desc d = { .entry_number = -1, .base_addr = base,
    .limit = 0xfffff, .seg_32bit = 1, .limit_in_pages = 1, .useable = 1 };
  if (raw(SYS_set_thread_area, (int)&d, 0, 0) != 0) _exit(3);
  return d.entry_number * 8 + 3;
}

/* The local table, as the other side wants it. */
static void local_table(void)
{
  struct user_desc d;
  uint32_t count;
  get(&count, sizeof count);
  while (count--) {
    get(&d, sizeof d);
    if (raw(SYS_modify_ldt, 17, &d, sizeof d) != 0) _exit(4);
  }
}

static void introduce(void)
{
  struct introduction who = { .fs = segment(0x300), .gs = segment(0x500) };
  uint32_t ignored;
  asm("cpuid" : "=a"(ignored), "=b"(who.maker[0]), "=c"(who.maker[2]),
      "=d"(who.maker[1]) : "a"(0));
  asm("cpuid" : "=a"(who.signature) : "a"(1) : "ebx", "ecx", "edx");
  asm volatile("fxsave %0" : "=m"(floats));
  memcpy(&who.mxcsr_mask, floats + 28, 4);
  put(&who, sizeof who);
}

static void map(uint32_t at, uint32_t size, int protection)
{
  int flags = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS;
  if (mmap((void *)at, size, protection, flags, -1, 0) != (void *)at)
    _exit(2);
}

/* Cases may point anywhere, and nobody else has a stack below 4 GiB: from
 * here on there is only the alternative one. */
static void __attribute__((noreturn)) run_without_stack(void)
{
  uint32_t here = (uint32_t)__builtin_frame_address(0);
  uint32_t from = (here & -PAGE) - (1 << 20);
  asm volatile("int $0x80; int3" : : "a"(SYS_munmap), "b"(from),
               "c"(0xffffe000 - from) : "memory");
  __builtin_unreachable();
}

int main(void)
{
  static const int signals[] = { SIGTRAP, SIGSEGV, SIGILL, SIGFPE, SIGBUS };
  stack_t alternative = { .ss_sp = stack, .ss_size = sizeof stack };
  struct sigaction action = { .sa_sigaction = on_signal,
    .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
  map(0, DATA_SIZE, PROT_READ | PROT_WRITE);
  map(CODE, CODE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC);
  get(shadow, DATA_SIZE);
  for (uint32_t at = 0; at < DATA_SIZE; at += 4)
    *(volatile uint32_t *)at = *(uint32_t *)(shadow + at);
  mprotect((void *)MISSING, PAGE, PROT_NONE);
  mprotect((void *)READ_ONLY, PAGE, PROT_READ);
  introduce();
  local_table();
  flush();
  sigaltstack(&alternative, 0);
  for (int i = 0; i < 5; i++) sigaction(signals[i], &action, 0);
  run_without_stack();
}

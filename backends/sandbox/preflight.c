#include "backends/sandbox/preflight.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/sandbox/bwrap.h"
#include "backends/sandbox/identity.h"
#include "backends/sandbox/mounts.h"

/* clang-format off */
const struct fixed_door fixed_doors[FIXED_DOORS] = {
    {true,  3128, "the proxy"},
    {true,  443,  "TLS of tools that know no proxy"},
    {true,  80,   "HTTP of tools that know no proxy"},
    {true,  53,   "names, TCP"},
    {false, 53,   "names, UDP"},
};
/* clang-format on */

bool is_fixed_door(uint16_t port)
{
    for (size_t i = 0; i < COUNT_OF(fixed_doors); i++)
        if (fixed_doors[i].tcp && fixed_doors[i].port == port) return true;
    return false;
}

/* --- checks ---------------------------------------------------------------------------------------------- */

static bool has_bubblewrap(const struct sandbox_plan *plan) { return (void)plan, access(BWRAP_PATH, X_OK) == 0; }
static bool has_setsid(const struct sandbox_plan *plan) { return (void)plan, access(SETSID_PATH, X_OK) == 0; }
static bool project_is_fit(const struct sandbox_plan *plan) { return mounts_refuse_project(plan) == NULL; }

/* A child tries: kernels, sysctls and security modules each have their own way to say no. */
static bool has_namespaces(const struct sandbox_plan *plan)
{
    int status;
    pid_t child = fork();

    (void)plan;
    if (child == 0) _exit(unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0);
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static bool project_can_be_shown(const struct sandbox_plan *plan)
{
    struct identity identity;
    int tree;

    if (identity_choose(plan->project, &identity) != ERR_OK) return false;
    if (!identity.become) return true;
    if (identity_tree(&identity, plan->project, &tree) != ERR_OK) return false;
    close(tree);
    return true;
}

/* clang-format off */
static const struct check {
    bool (*holds)(const struct sandbox_plan *plan);
    const char *what, *fix;
} checks_made[] = {
    {has_bubblewrap, BWRAP_PATH " is there", "apt-get install bubblewrap"},
    {has_setsid,     SETSID_PATH " is there", "apt-get install util-linux"},
    {has_namespaces, "user and network namespaces can be made",
     "sysctl user.max_user_namespaces=10000 (and on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0)"},
    {project_is_fit, "the project folder may be given to an agent",
     "start in a folder of its own: not /, not a system folder, not your home, no symbolic link in its path"},
    {project_can_be_shown, "the project folder can be shown to a user that is not root",
     "chown the folder to a user that is not root, or keep it on ext4, xfs or btrfs, which can be idmapped"},
};
/* clang-format on */

size_t preflight_checks(const struct sandbox_plan *plan, struct sandbox_check checks[SANDBOX_CHECKS_MAX])
{
    _Static_assert(COUNT_OF(checks_made) <= SANDBOX_CHECKS_MAX, "there is a place for each");
    for (size_t i = 0; i < COUNT_OF(checks_made); i++) {
        bool ok = checks_made[i].holds(plan);
        checks[i] = (struct sandbox_check){ok, checks_made[i].what, ok ? NULL : checks_made[i].fix};
    }
    return COUNT_OF(checks_made);
}

/* --- the plan in lines ----------------------------------------------------------------------------------- */

static const char *const kind_words[] = {
    [MOUNT_SHOW] = "read-only",     [MOUNT_COPY] = "a copy",     [MOUNT_LINK] = "link",
    [MOUNT_PROC] = "own processes", [MOUNT_DEV] = "own devices", [MOUNT_SCRATCH] = "scratch",
    [MOUNT_PROJECT] = "WRITABLE",   [MOUNT_CONST] = "our file",  [MOUNT_FILE] = "its file",
    [MOUNT_SEAL] = "sealed",
};

static enum err describe_identity(const struct sandbox_plan *plan, struct buf *out)
{
    struct identity identity;

    TRY(identity_choose(plan->project, &identity));
    if (!identity.become) return buf_printf(out, "  %-14s you (uid %d), without capabilities\n", "runs as", geteuid());
    return buf_printf(out, "  %-14s uid %" PRIu32 ", %s\n", "runs as", identity.uid,
                      identity.idmap ? "who is nobody; the project folder is mapped to it"
                                     : "the project folder's owner");
}

static enum err describe_mounts(const struct mounts *mounts, struct buf *out)
{
    for (size_t i = 0; i < mounts->count; i++) {
        const struct mount_row *row = &mounts->rows[i];
        TRY(buf_printf(out, "  %-14s %s", kind_words[row->kind], row->to));
        if (row->kind == MOUNT_LINK) TRY(buf_printf(out, " -> %s", row->from));
        TRY(buf_printf(out, "\n"));
    }
    return ERR_OK;
}

static enum err describe_doors(const struct sandbox_plan *plan, struct buf *out)
{
    for (size_t i = 0; i < COUNT_OF(fixed_doors); i++)
        TRY(buf_printf(out, "  %-14s %s %u  %s\n", "door", fixed_doors[i].tcp ? "tcp" : "udp", fixed_doors[i].port,
                       fixed_doors[i].what));
    for (size_t i = 0; i < plan->port_count; i++)
        if (!is_fixed_door(plan->ports[i])) TRY(buf_printf(out, "  %-14s tcp %u\n", "door", plan->ports[i]));
    return ERR_OK;
}

/* Names alone: a value may be what somebody should not have written into a manifest. */
static enum err describe_variables(const struct sandbox_plan *plan, struct buf *out)
{
    for (const char *const *variable = plan->envp; *variable != NULL; variable++)
        TRY(buf_printf(out, "  %-14s %.*s\n", "variable", (int)strcspn(*variable, "="), *variable));
    return ERR_OK;
}

static enum err describe_limit(struct buf *out, const char *what, uint64_t value)
{
    return value == 0 ? ERR_OK : buf_printf(out, "  %-14s %" PRIu64 "\n", what, value);
}

enum err preflight_describe(const struct sandbox_plan *plan, struct buf *out)
{
    struct mounts mounts;
    const char *refused = mounts_refuse_project(plan);
    enum err err = mounts_list(&mounts, plan);

    if (err == ERR_OK) err = buf_printf(out, "bottle %s, by namespaces and bubblewrap\n", plan->name);
    if (err == ERR_OK && refused != NULL) err = buf_printf(out, "  %-14s %s\n", "REFUSED", refused);
    if (err == ERR_OK) err = describe_identity(plan, out);
    if (err == ERR_OK) err = describe_mounts(&mounts, out);
    if (err == ERR_OK) err = describe_doors(plan, out);
    if (err == ERR_OK) err = describe_variables(plan, out);
    if (err == ERR_OK) err = describe_limit(out, "memory bytes", plan->memory_bytes);
    if (err == ERR_OK) err = describe_limit(out, "processes", plan->pids_max);
    if (err == ERR_OK) err = buf_printf(out, "  %-14s", "command");
    for (const char *const *word = plan->argv; *word != NULL && err == ERR_OK; word++)
        err = buf_printf(out, " %s", *word);
    if (err == ERR_OK) err = buf_printf(out, "\n");
    mounts_free(&mounts);
    return err;
}

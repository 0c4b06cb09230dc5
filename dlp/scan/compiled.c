/* compiled.c — the rules that we ship, as engine_save() wrote them: RULES_BIN, made by the build. */
#include "dlp/scan/shipped.h"

__asm__(".pushsection .rodata\n"
        ".balign 64\n"
        "rules_bin:\n"
        ".incbin \"" RULES_BIN "\"\n"
        "rules_bin_end:\n"
        ".popsection\n");

extern const uint8_t rules_bin[], rules_bin_end[];

struct span rules_compiled(void) { return (struct span){rules_bin, (size_t)(rules_bin_end - rules_bin)}; }

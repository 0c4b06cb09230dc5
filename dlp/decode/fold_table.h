/* fold_table.h — characters that look like one of ASCII, in blocks: what each is read as; a blank: like none.
 * Marks are dropped (Unicode's compatibility decompositions); look-alikes are the common ones of UTS #39. */
#pragma once

/* clang-format off */
#define BLOCK(first, read_as) {first, sizeof(read_as) - 1, read_as}

static const struct {
    uint32_t first, count;
    const char *read_as;
} fold_blocks[] = {
    /* Latin with marks */
    BLOCK(0x00aa, "a       23     1o     AAAAAA CEEEEIIII NOOOOO OUUUUY  aaaaaa ceeeeiiii nooooo ouuuuy yAaAaAaCcCc"
             "CcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi  JjKkkLlLlLl  LlNnNnNn   OoOoOo  RrRrRrSsSsSsSsTtTtTtUu"
             "UuUuUuUuUuWwYyYZzZzZzsbBBb   Cc DDd    FfG   IKkl  NnOOo  Pp     tTtTUu VYyZz              D  L "
             " N AaIiOoUuUuUuUuUu AaAa  GgGgKkOoOo  j D Gg  NnAa  OoAaAaEeEeIiIiOoOoRrRrUuUuSsTt  HhNd  ZzAaEe"
             "OoOoOoOoYylnt   ACcLTsz  B  EeJj qRrYy"),
    /* phonetic letters */
    BLOCK(0x0251, "aa        e     gG      ii    w    N           R              Y         B  H  L"),
    /* Greek */
    BLOCK(0x037e, ";J                 AB  EZH IK MN O P  TY X         aByd  n ik  v o psotu x w                  F "
             "                    cj     C"),
    /* Cyrillic */
    BLOCK(0x0401, "E   SIIJ   K Y A B  E 3  K MHO PCTY X      b   a6Br e 3  k mHo pcTy x      b    e   siij   k y W"
             "w                  Vv                                                        YyYy        Hh    I"
             "              lAaAa  Ee              Oo                        dd          Gg            QqWw"),
    /* Armenian */
    BLOCK(0x053c, "L                U S     O                q     l   ha   j  n    u   gl po"),
    /* small capitals */
    BLOCK(0x1d00, "A   CD E  JK M O        P  TU   VWZ"),
    /* Latin with more marks */
    BLOCK(0x1e00, "AaBbBbBbCcDdDdDdDdDdEeEeEeEeEeFfGgHhHhHhHhHhIiIiKkKkKkLlLlLlLlMmMmMmNnNnNnNnOoOoOoOoPpPpRrRrRrRr"
             "SsSsSsSsSsTtTtTtTtUuUuUuUuUuVvVvWwWwWwWwWwXxXxYyZzZzZzhtwy s    AaAaAaAaAaAaAaAaAaAaAaAaEeEeEeEe"
             "EeEeEeEeIiIiOoOoOoOoOoOoOoOoOoOoOoOoUuUuUuUuUuUuUuYyYyYyYy"),
    /* hyphens */
    BLOCK(0x2010, "---"),
    /* one dot leader */
    BLOCK(0x2024, "."),
    /* hyphen bullet, fraction slash */
    BLOCK(0x2043, "-/"),
    /* superscripts and subscripts */
    BLOCK(0x2070, "0i  456789+ =()n0123456789+ =() aeox hklmnpst"),
    /* letterlike */
    BLOCK(0x2102, "C       gHHHh IILl N   PQRRR      Z   Z KABC eEF Mo    i"),
    /* mathematical signs */
    BLOCK(0x2212, "-  /\\  .                            :"),
    /* in circles */
    BLOCK(0x2460, "123456789                                                                             ABCDEFGHIJ"
             "KLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0"),
    /* full width */
    BLOCK(0xff01, "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"),
    /* mathematical alphabets */
    BLOCK(0x1d400, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg ijklmnopqr"
             "stuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyzA CD  G  JK  NOPQ STUVWXYZabcd f hij"
             "klmn pqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyzAB DEFG  JKLMNOPQ STUVWXY ab"
             "cdefghijklmnopqrstuvwxyzAB DEFG IJKLM O   STUVWXY abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
             "UVWXYZabcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyzABCDEFGHIJKL"
             "MNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyzABCD"
             "EFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv"
             "wxyz                                                                                            "
             "                                                                                                "
             "                                                                                                "
             "              01234567890123456789012345678901234567890123456789"),
};
/* clang-format on */

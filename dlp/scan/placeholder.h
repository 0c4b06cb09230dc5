/* placeholder.h — is a secret one that stands for another, as in a manual?  One list for all rules. */
#pragma once
#include "reactor/base/span.h"

bool is_placeholder(struct span secret);

/* Does text hold the word, which is in lower case and not empty?  Letters of text count in either case. */
bool span_has_word(struct span text, struct span word);

/* Strict readers of UTF-8 and JSON, which fail the test where a text is neither. */
#ifndef TESTS_SUPPORT_JSON_H
#define TESTS_SUPPORT_JSON_H

/* RFC 3629: every character is well-formed. */
void assert_utf8(const char *text);
/* RFC 8259: one value; each string of it, no key, is handed on without its escapes. */
void json_read(const char *text, void (*string)(void *data, const char *text), void *data);

#endif

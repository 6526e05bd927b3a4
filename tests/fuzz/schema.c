/* A schema, which no input changes, is parsed once, not for every input: that took half of the time
 * of the XML readers. */
#include <stdlib.h>

#include "netlist/xml/libxml.h"

/* libFuzzer calls it before the first input. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct {
    const char *text;
    xmlSchemaPtr schema;
} kept[3], *last = kept;

static xmlSchemaParserCtxtPtr (*open_schema)(const char *text, int length);
static xmlSchemaPtr (*parse_schema)(xmlSchemaParserCtxtPtr reader);

static xmlSchemaParserCtxtPtr open_kept(const char *text, int length) {
    for (last = kept; last->text != NULL && last->text != text; last++) {
    }
    last->text = text;
    return open_schema(text, length);
}

static xmlSchemaPtr parse_kept(xmlSchemaParserCtxtPtr reader) {
    if (last->schema == NULL) last->schema = parse_schema(reader);
    return last->schema;
}

static void keep(xmlSchemaPtr schema) {
    (void)schema;
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    if (eq_libxml_load(NULL) != EQ_OK) abort();
    open_schema = eq_libxml.xmlSchemaNewMemParserCtxt;
    parse_schema = eq_libxml.xmlSchemaParse;
    eq_libxml.xmlSchemaNewMemParserCtxt = open_kept;
    eq_libxml.xmlSchemaParse = parse_kept;
    eq_libxml.xmlSchemaFree = keep;
    return 0;
}

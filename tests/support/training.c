#include "training.h"

#include <check.h>

#include "base/file.h"
#include "base/mem.h"
#include "program.h"
#include "train/folder.h"

eq_checkpoint checkpoint_of(const char *run) {
    eq_checkpoint p = {0};
    char *path = eq_path_join(run, EQ_TRAIN_CHECKPOINT);
    ck_assert_msg(eq_checkpoint_read(path, &p, NULL) == EQ_OK, "%s", path);
    eq_free(path);
    return p;
}

eq_experiment *written_again(const eq_experiment *x) {
    eq_experiment *y = NULL;
    eq_text first = {0}, second = {0};
    ck_assert_int_eq(eq_experiment_write(x, &first, NULL), EQ_OK);
    ck_assert_int_eq(eq_experiment_read(put("again.xml", first.text), &y, NULL), EQ_OK);
    ck_assert_int_eq(eq_experiment_write(y, &second, NULL), EQ_OK);
    ck_assert_str_eq(first.text, second.text);
    eq_text_free(&first);
    eq_text_free(&second);
    return y;
}

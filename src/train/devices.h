/* Programmable resistors in a session: the <device> of the experiment over the blocks of the model.
 * Inside src/train only. */
#ifndef EQ_TRAIN_DEVICES_H
#define EQ_TRAIN_DEVICES_H

#include "train/checkpoint.h"
#include "train/session.h"

/* The kind that stores a block of that name: the first match; NULL: none does. */
const eq_device_options *eq_device_of(const eq_experiment *x, const char *block);
/* Puts the devices of s->x under the parameters of the model, which is started. */
eq_status eq_session_devices(eq_session *s, eq_diag *diag);
/* The same for a network trained by `was`: programmed anew where the devices are others. */
eq_status eq_session_transfer(eq_session *s, const eq_experiment *was, eq_diag *diag);
/* EQ_ERR_INPUT: a kind of device that stores a block cannot be trained with. */
eq_status eq_devices_move(const eq_session *s, eq_diag *diag);
/* Room in the checkpoint for what the devices keep. */
eq_status eq_devices_keep(eq_network *n, eq_checkpoint *p, eq_diag *diag);

#endif

/* All subcommands; commands.c is their only list. */
#ifndef EQ_CLI_COMMANDS_H
#define EQ_CLI_COMMANDS_H

#include "cli/cli.h"

extern const eq_command eq_command_op, eq_command_run, eq_command_check, eq_command_train,
    eq_command_eval, eq_command_gradcheck, eq_command_langevin, eq_command_export,
    eq_command_verify, eq_command_build, eq_command_explore, eq_command_plot, eq_command_report,
    eq_command_sens;

/* NULL-terminated. */
extern const eq_command *const eq_commands[];

#endif

/* SPDX-License-Identifier: Apache-2.0
 *
 * The commands; argv holds what follows the command's name. Each returns the exit code.
 */
#ifndef MERWILD_TOOLS_COMMANDS_H
#define MERWILD_TOOLS_COMMANDS_H

int cmd_corrupt_audio(int argc, char **argv);
int cmd_corrupt_video(int argc, char **argv);
int cmd_corrupt_av(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_preview(int argc, char **argv);
int cmd_faces(int argc, char **argv);
int cmd_occluders_import(int argc, char **argv);
int cmd_occluders_list(int argc, char **argv);
int cmd_models(int argc, char **argv);
int cmd_models_info(int argc, char **argv);
int cmd_features_audio(int argc, char **argv);
int cmd_features_visual(int argc, char **argv);
int cmd_features_bank(int argc, char **argv);
int cmd_bank_check(int argc, char **argv);
int cmd_import_mmsa(int argc, char **argv);
int cmd_import_csd(int argc, char **argv);
int cmd_import_features(int argc, char **argv);
int cmd_import_labels(int argc, char **argv);
int cmd_train(int argc, char **argv);
int cmd_score(int argc, char **argv);
int cmd_evaluate(int argc, char **argv);
int cmd_synth(int argc, char **argv);
int cmd_ops(int argc, char **argv);

#endif

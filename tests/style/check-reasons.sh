#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
exec "$MW_SOURCE_ROOT/scripts/check-reasons"

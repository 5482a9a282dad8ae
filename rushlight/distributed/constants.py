"""``torch.distributed.constants``."""

from __future__ import annotations

from datetime import timedelta

default_pg_timeout: timedelta = timedelta(minutes=30)
default_pg_nccl_timeout: timedelta | None = timedelta(minutes=10)

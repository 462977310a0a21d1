import asyncio
import os
from datetime import timedelta
from uuid import uuid4

from temporalio.client import Client

from activities import greet


async def main() -> None:
    client = await Client.connect(os.environ.get("TEMPORAL_ADDRESS", "localhost:7233"))

    greeting = await client.execute_activity(
        greet,
        "Python",
        id=f"greet-{uuid4()}",
        task_queue="standalone-activity-python",
        start_to_close_timeout=timedelta(seconds=10),
    )
    print(greeting)

    handle = await client.start_activity(
        greet,
        "whoever waits",
        id=f"greet-later-{uuid4()}",
        task_queue="standalone-activity-python",
        start_to_close_timeout=timedelta(seconds=10),
    )
    print(await handle.result())


asyncio.run(main())

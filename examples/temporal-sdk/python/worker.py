import asyncio
import os

from temporalio.client import Client
from temporalio.worker import Worker

from activities import greet


async def main() -> None:
    client = await Client.connect(os.environ.get("TEMPORAL_ADDRESS", "localhost:7233"))
    worker = Worker(client, task_queue="standalone-activity-python", activities=[greet])
    await worker.run()


asyncio.run(main())

from temporalio import activity


@activity.defn
async def greet(name: str) -> str:
    activity.heartbeat("greeting")
    return f"Hello, {name}!"

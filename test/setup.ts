import { MockAgent, setGlobalDispatcher } from 'undici';

// No test may reach a real network by accident: a request without an explicit dispatcher fails here.
const agent = new MockAgent();
agent.disableNetConnect();
setGlobalDispatcher(agent);
